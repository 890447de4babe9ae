/** The page's two ways to the server: what members do, and what they are told. */
export class Live {
  /** Latest news of each interaction, for those whose answer was faster than the reply to the request. */
  #latest = new Map();
  #listeners = new Map();
  #socket = null;
  #retryMs = 500;

  /** @param onEvent called with everything but news of interactions */
  constructor(onEvent) {
    this.onEvent = onEvent;
  }

  /** Looks at the world as another person from now on. */
  connect(personId) {
    this.personId = personId;
    const old = this.#socket;
    this.#socket = null;
    old?.close();
    const socket = new WebSocket(`ws://${location.host}/page/live?as=${encodeURIComponent(personId ?? '')}`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#retryMs = 500;
    };
    socket.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      if (event.type === 'interaction') {
        this.#hear(event);
      } else if (socket === this.#socket) {
        this.onEvent(event);
      }
    };
    socket.onclose = () => {
      if (socket !== this.#socket) {
        return;
      }
      this.onEvent({ type: 'offline' });
      setTimeout(() => socket === this.#socket && this.connect(this.personId), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, 10_000);
    };
  }

  /**
   * Does something as the present person.
   * @returns the news of the interaction once it was answered or failed, or undefined where there is none
   * @throws Error with a text for people
   */
  async act(action) {
    const response = await fetch('/page/act', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(action),
    }).catch(() => null);
    if (!response) {
      throw new Error('The playground does not answer. Is it still running?');
    }
    const body = await response.json();
    if (body.error) {
      throw new Error(body.error);
    }
    return body.interaction ? this.#settled(body.interaction) : undefined;
  }

  #settled(id) {
    const known = this.#latest.get(id);
    if (known && known.state !== 'waiting') {
      return known;
    }
    return new Promise((resolve) => this.#listeners.set(id, resolve));
  }

  #hear(event) {
    this.#latest.set(event.id, event);
    if (this.#latest.size > 200) {
      this.#latest.delete(this.#latest.keys().next().value);
    }
    if (event.state === 'waiting') {
      return;
    }
    this.#listeners.get(event.id)?.(event);
    this.#listeners.delete(event.id);
  }
}

/** A picked file as it travels to the server. */
export async function readFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return { filename: file.name, base64: btoa(binary), contentType: file.type || undefined };
}
