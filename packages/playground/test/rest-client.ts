import type { PlaygroundServer } from '../src/server.js';

export interface RawAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
  readonly headers: Headers;
}

export type Call = (
  method: string,
  path: string,
  body?: unknown,
  options?: {
    readonly token?: string | null;
    readonly files?: readonly (readonly [name: string, bytes: Uint8Array])[];
  },
) => Promise<RawAnswer>;

/** Speaks to the playground without any library, as a bot that does everything wrong would. */
export function restClient(server: PlaygroundServer): Call {
  return async (method, path, body, options = {}) => {
    const token = options.token === undefined ? server.botToken : options.token;
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bot ${token}` };
    let sent: string | FormData | null = null;
    if (options.files) {
      sent = new FormData();
      sent.append('payload_json', JSON.stringify(body ?? {}));
      for (const [index, [name, bytes]] of options.files.entries()) {
        sent.append(`files[${index}]`, new Blob([new Uint8Array(bytes)]), name);
      }
    } else if (body !== undefined) {
      sent = typeof body === 'string' ? body : JSON.stringify(body);
      headers['content-type'] = 'application/json';
    }
    const response = await fetch(`${server.apiUrl}/v10${path}`, { method, headers, body: sent });
    const text = await response.text();
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text), headers: response.headers };
  };
}

/** Walks a 50035 tree: `at(answer, 'embeds', 0, 'title')` gives the codes there. */
export function codesAt(answer: RawAnswer, ...path: readonly (string | number)[]): string[] {
  let node = answer.json?.errors;
  for (const key of path) {
    node = node?.[String(key)];
  }
  return (node?._errors ?? []).map((error: { code: string }) => error.code);
}
