import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type PlaygroundServer, startPlayground } from '../src/server.js';
import { restClient } from './rest-client.js';

let server: PlaygroundServer;
const open = new Set<WebSocket>();

beforeAll(async () => {
  server = await startPlayground({ port: 0, limits: { heartbeatIntervalMs: 100, enforceRateLimits: false } });
});

afterAll(async () => {
  for (const socket of open) {
    socket.terminate();
  }
  await server.close();
});

interface Frame {
  readonly op: number;
  readonly t: string | null;
  readonly s: number | null;
  readonly d: Record<string, unknown>;
}

/** A gateway client without manners: it sends what it is told and keeps what it hears. */
class RawClient {
  readonly heard: Frame[] = [];
  readonly #socket: WebSocket;
  readonly closed: Promise<number>;
  #wake = () => {};

  constructor(port: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/gateway/?v=10&encoding=json`);
    open.add(this.#socket);
    this.#socket.on('message', (data) => {
      this.heard.push(JSON.parse(data.toString()) as Frame);
      this.#wake();
    });
    this.closed = new Promise((resolve) => this.#socket.once('close', (code) => resolve(code)));
  }

  send(frame: unknown): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  async hear(isWanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.heard.find(isWanted);
      if (found) {
        return found;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves once the server said hello. */
  static async connect({ port } = server): Promise<RawClient> {
    const client = new RawClient(port);
    await client.hear(({ op }) => op === 10);
    return client;
  }

  async identify(intents: number, shard?: readonly [number, number]): Promise<Frame> {
    this.send({ op: 2, d: { token: server.botToken, intents, properties: {}, ...(shard ? { shard } : {}) } });
    return this.hear(({ t }) => t === 'READY');
  }

  /** The names of the events so far; a heartbeat first makes sure that everything has arrived. */
  async events(): Promise<(string | null)[]> {
    const before = this.heard.filter(({ op }) => op === 11).length;
    this.send({ op: 1, d: null });
    await this.hear(() => this.heard.filter(({ op }) => op === 11).length > before);
    return this.heard.filter(({ op }) => op === 0).map(({ t }) => t);
  }

  cut(): void {
    this.#socket.terminate();
  }
}

describe('the gateway', () => {
  it.each([
    ['an unknown opcode', 4001, { op: 99 }],
    ['no JSON', 4002, '{{'],
    ['a presence before IDENTIFY', 4003, { op: 3, d: {} }],
    ['a wrong token', 4004, { op: 2, d: { token: 'x', intents: 1 } }],
    ['a shard that does not exist', 4010, () => ({ op: 2, d: { token: server.botToken, intents: 1, shard: [2, 2] } })],
    ['intents that do not exist', 4013, () => ({ op: 2, d: { token: server.botToken, intents: 1 << 30 } })],
    ['privileged intents', 4014, () => ({ op: 2, d: { token: server.botToken, intents: 1 << 15 } })],
  ])('closes on %s with %i', async (_what, code, frame) => {
    const client = await RawClient.connect();
    client.send(typeof frame === 'function' ? frame() : frame);
    expect(await client.closed).toBe(code);
  });

  it('closes on a second IDENTIFY', async () => {
    const client = await RawClient.connect();
    await client.identify(1);
    client.send({ op: 2, d: { token: server.botToken, intents: 1 } });
    expect(await client.closed).toBe(4005);
  });

  it('sends only what the intents cover', async () => {
    const [nothing, reactions] = [await RawClient.connect(), await RawClient.connect()];
    await nothing.identify(0);
    await reactions.identify((1 << 0) | (1 << 10));
    const said = server.driver.say('hello');
    server.driver.react(said, '⭐');
    server.driver.sendRaw(2, { id: '1', name: 'x', type: 1 });
    expect(await nothing.events()).toEqual(['READY', 'INTERACTION_CREATE']);
    expect(await reactions.events()).toEqual(['READY', 'GUILD_CREATE', 'MESSAGE_REACTION_ADD', 'INTERACTION_CREATE']);
    nothing.cut();
    reactions.cut();
  });

  it('hides the contents of others from bots without MESSAGE_CONTENT, and ephemeral messages altogether', async () => {
    const client = await RawClient.connect();
    await client.identify((1 << 9) | (1 << 12));
    server.driver.say('a secret');
    server.driver.say(`for <@${server.applicationId}>`);
    server.driver.say('in private', { channel: server.driver.dm() });
    const trace = server.driver.sendRaw(2, { id: '1', name: 'x', type: 1 });
    const body = { type: 4, data: { content: 'hidden', flags: 64 } };
    await restClient(server)('POST', `/interactions/${trace.id}/${trace.record.token}/callback`, body);
    await client.events();
    const contents = client.heard.filter(({ t }) => t === 'MESSAGE_CREATE').map(({ d }) => d.content);
    expect(contents).toEqual(['', `for <@${server.applicationId}>`, 'in private']);
    client.cut();
  });

  it('tells nothing of channels that the bot cannot see', async () => {
    const client = await RawClient.connect();
    const hidden = server.driver.world.addChannel(server.driver.world.home.guild, 'hidden');
    server.driver.denyBot(['ViewChannel'], hidden);
    await client.identify(1 << 9);
    server.driver.say('unseen', { channel: hidden });
    expect(await client.events()).toEqual(['READY']);
    client.cut();
  });

  it('resumes with everything missed, in order, and refuses what it cannot replay', async () => {
    const first = await RawClient.connect();
    const ready = await first.identify((1 << 0) | (1 << 10));
    await first.events();
    const seq = Math.max(...first.heard.map(({ s }) => s ?? 0));
    first.cut();
    await first.closed;
    const said = server.driver.say('x');
    for (const emoji of ['⭐', '🔁', '❌']) {
      server.driver.react(said, emoji);
    }
    const second = await RawClient.connect();
    second.send({ op: 6, d: { token: server.botToken, session_id: ready.d.session_id, seq } });
    await second.hear(({ t }) => t === 'RESUMED');
    const replayed = second.heard.filter(({ op }) => op === 0);
    expect(replayed.map(({ t }) => t)).toEqual([...Array(3).fill('MESSAGE_REACTION_ADD'), 'RESUMED']);
    expect(replayed.map(({ s }) => s)).toEqual([1, 2, 3, 4].map((step) => seq + step));
    const third = await RawClient.connect();
    third.send({ op: 6, d: { token: server.botToken, session_id: 'forgotten', seq: 1 } });
    expect((await third.hear(({ op }) => op === 9)).d).toBe(false);
    second.cut();
    third.cut();
  });

  it('spreads servers over shards; direct messages go to the first', async () => {
    for (let index = 0; index < 6; index++) {
      server.driver.addGuild(`shard-${index}`);
    }
    const shards = [await RawClient.connect(), await RawClient.connect()] as const;
    const ready = [await shards[0].identify(1, [0, 2]), await shards[1].identify(1, [1, 2])];
    const guilds = ready.map(({ d }) => (d.guilds as { id: string }[]).map(({ id }) => id));
    for (const [index, ids] of guilds.entries()) {
      expect(ids.every((id) => Number((BigInt(id) >> 22n) % 2n) === index)).toBe(true);
    }
    expect(new Set(guilds.flat()).size).toBe(server.driver.world.guilds.size);
    server.driver.sendRaw(2, { id: '1', name: 'x', type: 1 }, {}, { channel: server.driver.dm() });
    expect(await shards[0].events()).toContain('INTERACTION_CREATE');
    expect(await shards[1].events()).not.toContain('INTERACTION_CREATE');
    for (const shard of shards) {
      shard.cut();
    }
  });

  it('records how punctual heartbeats are', async () => {
    let now = 1_000_000_000_000;
    const timed = await startPlayground({ port: 0, clock: () => now, limits: { heartbeatIntervalMs: 100 } });
    const client = await RawClient.connect(timed);
    await client.events();
    now += 150;
    await client.events();
    expect(timed.driver.heartbeats()).toEqual({ beats: 2, latenessMs: [50] });
    client.cut();
    await timed.close();
  });
});
