import type { WebSocket } from 'ws';
import type { Json } from './world-types.js';

/** Events kept for a RESUME; older ones force a new session. */
const REPLAY_LIMIT = 2_000;

/** What is left of a bot's session when its connection breaks: enough to go on where it stopped. */
export class GatewaySession {
  readonly id: string;
  readonly intents: number;
  readonly shardId: number;
  readonly shardCount: number;
  socket: WebSocket | null = null;
  isOver = false;
  #sequence = 0;
  readonly #sent: { readonly s: number; readonly frame: string }[] = [];

  constructor(options: { id: string; intents: number; shardId: number; shardCount: number }) {
    this.id = options.id;
    this.intents = options.intents;
    this.shardId = options.shardId;
    this.shardCount = options.shardCount;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Numbers an event and sends it, or keeps it until the client resumes. */
  dispatch(t: string, d: Json): void {
    this.#sequence += 1;
    const frame = JSON.stringify({ op: 0, t, s: this.#sequence, d });
    this.#sent.push({ s: this.#sequence, frame });
    if (this.#sent.length > REPLAY_LIMIT) {
      this.#sent.shift();
    }
    this.socket?.send(frame);
  }

  /** Whether everything after event `s` is still at hand. */
  canReplay(s: number): boolean {
    const oldest = this.#sent[0]?.s ?? this.#sequence + 1;
    return !this.isOver && s <= this.#sequence && s >= oldest - 1;
  }

  /** Sends everything after event `s` again. */
  replay(s: number): void {
    for (const { s: number, frame } of this.#sent) {
      if (number > s) {
        this.socket?.send(frame);
      }
    }
  }

  /** Servers are spread over shards by their id; direct messages belong to the first. */
  owns(guildId: string | null): boolean {
    if (guildId === null) {
      return this.shardId === 0;
    }
    return Number((BigInt(guildId) >> 22n) % BigInt(this.shardCount)) === this.shardId;
  }
}
