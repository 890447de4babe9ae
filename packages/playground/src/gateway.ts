import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { toDispatches } from './dispatches.js';
import { GatewaySession } from './gateway-session.js';
import { ALL_INTENTS, isCovered, PRIVILEGED_INTENTS } from './intents.js';
import type { Wire } from './wire.js';
import type { World } from './world.js';
import type { Json, WorldChange } from './world-types.js';

const Op = {
  Dispatch: 0,
  Heartbeat: 1,
  Identify: 2,
  Presence: 3,
  Resume: 6,
  Reconnect: 7,
  RequestMembers: 8,
  InvalidSession: 9,
  Hello: 10,
  Ack: 11,
} as const;

const frame = z.object({ op: z.int(), d: z.unknown().optional() });
const identify = z.object({
  token: z.string(),
  intents: z.int(),
  shard: z.tuple([z.int().nonnegative(), z.int().positive()]).optional(),
});
const resume = z.object({ token: z.string(), session_id: z.string(), seq: z.int().nonnegative() });

/** How punctual a client's heartbeats were. */
export interface HeartbeatReport {
  readonly beats: number;
  /** Milliseconds that each beat (after a connection's first) came later than the interval. Negative: early. */
  readonly latenessMs: readonly number[];
}

/** Discord's gateway: sessions, events by intent and shard, heartbeats, resuming. */
export class Gateway extends EventEmitter<{ session: [] }> {
  readonly sessions = new Map<string, GatewaySession>();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 });
  readonly #world: World;
  readonly #wire: Wire;
  readonly #token: string;
  readonly #intervalMs: number;
  readonly #clock: () => number;
  readonly #timers = new Map<WebSocket, NodeJS.Timeout>();
  readonly #latenessMs: number[] = [];
  #beats = 0;
  #identifies = 0;
  #resumes = 0;
  #url = '';

  constructor(options: { world: World; wire: Wire; token: string; heartbeatIntervalMs: number; clock: () => number }) {
    super();
    this.setMaxListeners(0);
    this.#world = options.world;
    this.#wire = options.wire;
    this.#token = options.token;
    this.#intervalMs = options.heartbeatIntervalMs;
    this.#clock = options.clock;
    this.#world.on('change', (change) => this.#tell(change));
    this.#server.on('connection', (socket) => this.#open(socket));
  }

  set url(url: string) {
    this.#url = url;
  }

  /** Body of GET /gateway/bot. */
  info(): Json {
    const remaining = Math.max(0, 1000 - this.#identifies);
    return {
      url: this.#url,
      shards: 1,
      session_start_limit: { total: 1000, remaining, reset_after: 86_400_000, max_concurrency: 1 },
    };
  }

  get isConnected(): boolean {
    return [...this.sessions.values()].some((session) => session.socket !== null);
  }

  get counts(): { readonly identifies: number; readonly resumes: number } {
    return { identifies: this.#identifies, resumes: this.#resumes };
  }

  heartbeats(): HeartbeatReport {
    return { beats: this.#beats, latenessMs: [...this.#latenessMs] };
  }

  /** While false, nobody gets in. */
  isOpen = true;

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.isOpen) {
      return void socket.destroy();
    }
    this.#server.handleUpgrade(request, socket, head, (connected) =>
      this.#server.emit('connection', connected, request),
    );
  }

  /** Sends an interaction to the shard that the server belongs to. */
  deliver(payload: Json, guildId: string | null): void {
    for (const session of this.sessions.values()) {
      if (!session.isOver && session.owns(guildId)) {
        session.dispatch('INTERACTION_CREATE', payload);
      }
    }
  }

  /**
   * Breaks all connections.
   * @param how `cut`: like a pulled cable, to be resumed; `reconnect`: Discord asks for it (op 7); `invalidate`: the session
   * is gone; a number: closed with this code
   */
  drop(how: 'cut' | 'reconnect' | 'invalidate' | number = 'cut'): void {
    for (const session of this.sessions.values()) {
      const { socket } = session;
      if (typeof how === 'number') {
        socket?.close(how);
        continue;
      }
      if (how === 'invalidate') {
        this.#end(session);
      }
      if (how === 'cut') {
        socket?.terminate();
      } else {
        send(socket, how === 'reconnect' ? Op.Reconnect : Op.InvalidSession, how === 'reconnect' ? null : false);
      }
    }
  }

  close(): void {
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
    for (const client of this.#server.clients) {
      client.terminate();
    }
    this.#server.close();
  }

  #open(socket: WebSocket): void {
    let session: GatewaySession | null = null;
    let lastBeat: number | null = null;
    this.#watch(socket);
    socket.on('error', () => socket.terminate());
    socket.on('close', (code) => {
      clearTimeout(this.#timers.get(socket));
      this.#timers.delete(socket);
      if (session?.socket !== socket) {
        return;
      }
      session.socket = null;
      this.emit('session');
      // 1000 and 1001 from the client end the session; anything else may be resumed.
      if (code === 1000 || code === 1001) {
        this.#end(session);
      }
    });
    socket.on('message', (data) => {
      const message = parse(data.toString());
      if (!message) {
        return socket.close(4002, 'Error while decoding payload.');
      }
      switch (message.op) {
        case Op.Heartbeat: {
          const now = this.#clock();
          if (lastBeat !== null) {
            this.#latenessMs.push(now - lastBeat - this.#intervalMs);
          }
          if (this.#latenessMs.length > 100_000) {
            this.#latenessMs.shift();
          }
          lastBeat = now;
          this.#beats += 1;
          this.#watch(socket);
          return send(socket, Op.Ack, null);
        }
        case Op.Identify:
          if (session) {
            return socket.close(4005, 'Already authenticated.');
          }
          session = this.#identify(socket, message.d);
          return;
        case Op.Resume:
          if (session) {
            return socket.close(4005, 'Already authenticated.');
          }
          session = this.#resume(socket, message.d);
          return;
        case Op.Presence:
        case Op.RequestMembers:
        case 4:
          if (!session) {
            socket.close(4003, 'Not authenticated.');
          }
          return;
        default:
          return socket.close(4001, 'Unknown opcode.');
      }
    });
    send(socket, Op.Hello, { heartbeat_interval: this.#intervalMs });
  }

  #identify(socket: WebSocket, body: unknown): GatewaySession | null {
    const { data } = identify.safeParse(body);
    const refuse = (code: number, why: string) => {
      socket.close(code, why);
      return null;
    };
    if (!data) {
      return refuse(4002, 'Error while decoding payload.');
    }
    this.#identifies += 1;
    if (data.token.replace(/^Bot /, '') !== this.#token) {
      return refuse(4004, 'Authentication failed.');
    }
    const [shardId, shardCount] = data.shard ?? [0, 1];
    if (shardId >= shardCount) {
      return refuse(4010, 'Invalid shard.');
    }
    if ((data.intents & ~ALL_INTENTS) !== 0 || data.intents < 0) {
      return refuse(4013, 'Invalid intent(s).');
    }
    if ((data.intents & PRIVILEGED_INTENTS) !== 0) {
      return refuse(4014, 'Disallowed intent(s).');
    }
    const session = new GatewaySession({
      id: randomBytes(16).toString('hex'),
      intents: data.intents,
      shardId,
      shardCount,
    });
    session.socket = socket;
    this.sessions.set(session.id, session);
    this.#greet(session);
    return session;
  }

  #greet(session: GatewaySession): void {
    const { bot } = this.#world.people;
    const guilds = [...this.#world.guilds.values()].filter((guild) => session.owns(guild.id));
    session.dispatch('READY', {
      v: 10,
      user: { ...this.#wire.user(bot), verified: true, mfa_enabled: true, email: null, flags: 0 },
      user_settings: {},
      private_channels: [],
      relationships: [],
      guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
      session_id: session.id,
      session_type: 'normal',
      resume_gateway_url: this.#url,
      shard: [session.shardId, session.shardCount],
      application: { id: bot.id, flags: 0 },
    });
    for (const guild of guilds) {
      this.#send(session, { kind: 'guildCreate', guild });
    }
    this.emit('session');
  }

  #resume(socket: WebSocket, body: unknown): GatewaySession | null {
    const { data } = resume.safeParse(body);
    if (!data) {
      socket.close(4002, 'Error while decoding payload.');
      return null;
    }
    if (data.token.replace(/^Bot /, '') !== this.#token) {
      socket.close(4004, 'Authentication failed.');
      return null;
    }
    const session = this.sessions.get(data.session_id);
    if (!session?.canReplay(data.seq)) {
      send(socket, Op.InvalidSession, false);
      return null;
    }
    this.#resumes += 1;
    session.socket?.terminate();
    session.socket = socket;
    session.replay(data.seq);
    session.dispatch('RESUMED', { _trace: [] });
    this.emit('session');
    return session;
  }

  #end(session: GatewaySession): void {
    session.isOver = true;
    this.sessions.delete(session.id);
  }

  #tell(change: WorldChange): void {
    for (const session of this.sessions.values()) {
      this.#send(session, change);
    }
  }

  #send(session: GatewaySession, change: WorldChange): void {
    // Most bots do not ask for messages: those are not even written down for them.
    const isUnheard =
      change.kind.startsWith('message') &&
      'message' in change &&
      !isCovered('MESSAGE_CREATE', change.message.guildId !== null, session.intents);
    if (isUnheard) {
      return;
    }
    for (const { t, d, guildId } of toDispatches(this.#world, this.#wire, change, session.intents)) {
      if (session.owns(guildId) && isCovered(t, guildId !== null, session.intents)) {
        session.dispatch(t, d);
      }
    }
  }

  /** A client that misses two beats is gone. */
  #watch(socket: WebSocket): void {
    clearTimeout(this.#timers.get(socket));
    const timer = setTimeout(() => socket.close(4009, 'Session timed out.'), this.#intervalMs * 2 + 5_000);
    this.#timers.set(socket, timer.unref());
  }
}

function send(socket: WebSocket | null, op: number, d: unknown): void {
  socket?.send(JSON.stringify({ op, d, s: null, t: null }));
}

function parse(text: string): z.infer<typeof frame> | undefined {
  try {
    return frame.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
