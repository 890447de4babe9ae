import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { AbortedError, InputError, WorkerLostError } from '../../../src/domain/errors.js';
import type { Painter, PaintProgress } from '../../../src/painter/painter.js';
import { RemotePainter, type RemotePainterOptions } from '../../../src/painter/redis/remote-painter.js';
import { type RemoteServerOptions, serveRemoteJobs } from '../../../src/painter/redis/serve-remote-jobs.js';
import { FairJobQueue } from '../../../src/queue/job-queue.js';
import { openStore } from '../../../src/store/open-store.js';
import { fakeResult, ManualPainter } from '../../queue/manual-painter.js';
import { newJob } from '../../store/new-job.js';
import { redisBinary, startRedis, type TestRedis } from './redis-server.js';

if (redisBinary === undefined) {
  console.warn(
    'SKIPPED: the tests of remote workers need redis-server in PATH (Debian: apt-get install redis-server).',
  );
}

const ALIVE_MS = 60_000;
const request = { condition: { kind: 'text', prompt: 'a fox' }, count: 2, seed: 5 } as const;

describe.skipIf(redisBinary === undefined)('remote workers', () => {
  let redis: TestRedis;
  let prefix: string;
  let tests = 0;
  let closers: (() => Promise<unknown>)[];

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  beforeEach(() => {
    tests += 1;
    prefix = `test${tests}`;
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) {
      await close();
    }
  });

  async function connect(options: Partial<RemotePainterOptions> = {}): Promise<RemotePainter> {
    const painter = await RemotePainter.connect({ redisUrl: redis.url, prefix, pollMs: 40, ...options });
    closers.push(() => painter.close());
    return painter;
  }

  async function serve(painter: ManualPainter, options: Partial<RemoteServerOptions> = {}) {
    const server = await serveRemoteJobs(whole(painter), {
      redisUrl: redis.url,
      slots: 1,
      prefix,
      // However slow the machine is: nobody is given up while it is there.
      aliveMs: ALIVE_MS,
      ...options,
    });
    closers.push(() => server.close(0));
    return server;
  }

  /** Waits until the workers have been noticed. */
  async function slotsOf(painter: RemotePainter, slots: number): Promise<void> {
    await vi.waitFor(() => expect(painter.slots).toBe(slots), 10_000);
  }

  /** Redis forgets the workers that are silent, and what they were at, at once instead of after a while. */
  async function expireSignsOfLife(): Promise<void> {
    const look = new Redis(redis.url);
    const keys = [...(await look.keys(`${prefix}:worker:*`)), ...(await look.keys(`${prefix}:lease:*`))];
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      // It would have come to this by itself.
      expect(await look.pttl(key)).toBeGreaterThan(0);
      await look.pexpire(key, 1);
    }
    look.disconnect();
  }

  function whole(painter: ManualPainter): Painter {
    return {
      paint: (...args) => painter.paint(...args),
      summary: () => painter.summary(),
      render: async ({ imageTokens, sizePx }) => ({
        png: Uint8Array.from(imageTokens.map((tokens) => tokens.length)),
        widthPx: sizePx ?? 64,
        heightPx: 64,
      }),
      describe: async (image, count) => [{ text: `${image.length} bytes`, fit: count ?? 0 }],
      embedImage: async (image) => {
        if (image.length === 0) {
          throw new InputError('Expected a picture but received nothing.');
        }
        return { vector: Float32Array.from(image), bundle: 'emoji' };
      },
      close: async () => undefined,
    };
  }

  it('paint, report progress and do everything else a painter does', async () => {
    const local = new ManualPainter();
    await serve(local, { slots: 3 });
    const remote = await connect();
    expect(remote.slots).toBe(3);
    expect(await remote.summary()).toEqual(await local.summary());
    const progress: PaintProgress[] = [];
    const painted = remote.paint(request, { onProgress: (step) => progress.push(step) });
    const call = await local.call(0);
    expect(call.request).toEqual(request);
    call.options.onProgress?.({ stage: 'generate', fraction: 0.5, preview: Uint8Array.of(1, 2, 3) });
    await vi.waitFor(() => expect(progress).not.toEqual([]));
    call.finish();
    expect(await painted).toEqual(fakeResult(request));
    expect(progress).toEqual([{ stage: 'generate', fraction: 0.5, preview: Uint8Array.of(1, 2, 3) }]);
    expect(await remote.render({ imageTokens: [new Uint16Array(7)], sizePx: 128 })).toEqual({
      png: Uint8Array.of(7),
      widthPx: 128,
      heightPx: 64,
    });
    expect(await remote.describe(Uint8Array.of(1, 2), 5)).toEqual([{ text: '2 bytes', fit: 5 }]);
    expect(await remote.embedImage(Uint8Array.of(3))).toEqual({ vector: Float32Array.of(3), bundle: 'emoji' });
    await expect(remote.embedImage(new Uint8Array())).rejects.toThrow(InputError);
  });

  it('refuse a malformed call as bad input, and go on', async () => {
    const local = new ManualPainter();
    await serve(local);
    const remote = await connect();
    await expect(remote.paint({ ...request, count: 1.5 })).rejects.toThrow(InputError);
    await expect(remote.render({ imageTokens: [new Uint16Array(1)], sizePx: Number.NaN })).rejects.toThrow(/sizePx/);
    expect(local.calls).toHaveLength(0);
    expect(await remote.embedImage(Uint8Array.of(3))).toEqual({ vector: Float32Array.of(3), bundle: 'emoji' });
  });

  it('a button does not wait for the pictures that are being painted', async () => {
    const local = new ManualPainter();
    await serve(local);
    const remote = await connect();
    const painted = remote.paint(request);
    const call = await local.call(0);
    expect(await remote.embedImage(Uint8Array.of(1))).toEqual({ vector: Float32Array.of(1), bundle: 'emoji' });
    call.finish();
    await painted;
  });

  it('cancel cooperatively once taken, and at once while none has taken it', async () => {
    const local = new ManualPainter();
    local.letsGo = false;
    await serve(local);
    const remote = await connect();
    const [taken, waiting] = [new AbortController(), new AbortController()];
    const first = remote.paint(request, { signal: taken.signal }).catch((error: unknown) => error);
    await local.call(0);
    const second = remote.paint(request, { signal: waiting.signal }).catch((error: unknown) => error);
    const look = new Redis(redis.url);
    await vi.waitFor(async () => expect(await look.llen(`${prefix}:paint-emoji-sum:wait`)).toBe(1));
    look.disconnect();
    waiting.abort();
    expect(await second).toBeInstanceOf(AbortedError);
    let isOver = false;
    void first.then(() => {
      isOver = true;
    });
    taken.abort();
    await vi.waitFor(() => expect(local.calls[0]?.options.signal?.aborted).toBe(true));
    await remote.embedImage(Uint8Array.of(1));
    expect(isOver).toBe(false);
    local.calls[0]?.break(new AbortedError());
    expect(await first).toBeInstanceOf(AbortedError);
    expect(local.calls).toHaveLength(1);
    const aborted = AbortSignal.abort();
    await expect(remote.paint(request, { signal: aborted })).rejects.toThrow(AbortedError);
  });

  it('come and go, and the number of slots follows', async () => {
    const seen: number[] = [];
    const remote = await connect({ onSlots: (slots) => seen.push(slots) });
    await expect(remote.paint(request)).rejects.toMatchObject({ code: 'no_worker', retryable: true });
    await expect(remote.summary()).rejects.toMatchObject({ code: 'no_worker' });
    const one = await serve(new ManualPainter(), { slots: 2 });
    await slotsOf(remote, 2);
    await serve(new ManualPainter(), { slots: 1 });
    await slotsOf(remote, 3);
    await one.close(0);
    await slotsOf(remote, 1);
    expect(seen).toEqual([2, 3, 1]);
  });

  it('refuse to mix bundles', async () => {
    await serve(new ManualPainter());
    const other = new ManualPainter();
    other.bundle = 'photo';
    await expect(serve(other)).rejects.toThrow(/Expected the bundle emoji 1.0.0.*received photo 1.0.0/);
  });

  it('take nothing that is for other files, even of the same name and version', async () => {
    const other = new ManualPainter();
    const twin = { ...whole(other), summary: async () => ({ ...(await other.summary()), checksum: 'other-sum' }) };
    await serve(new ManualPainter());
    const late = serveRemoteJobs(twin, { redisUrl: redis.url, slots: 1, prefix, aliveMs: ALIVE_MS });
    await expect(late).rejects.toThrow(/which the other workers use, but received other files of emoji 1.0.0/);
    expect(other.calls).toEqual([]);
  });

  it('that come back and find another bundle in use are refused, and hand back what they have', async () => {
    const old = new ManualPainter();
    let refuse = (_error: Error) => {};
    const refused = new Promise<Error>((resolve) => {
      refuse = resolve;
    });
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const silent = await serve(old, { onRefused: refuse });
    const remote = await connect();
    const painted = remote.paint(request).catch((error: unknown) => error);
    await old.call(0);
    // As if it had been silent for so long that it was forgotten, and others came meanwhile.
    const look = new Redis(redis.url);
    const entry = JSON.stringify({ slots: 1, bundle: 'photo 1.0.0', checksum: 'photo-sum' });
    await look.set(`${prefix}:worker:new`, entry);
    await look.sadd(`${prefix}:workers`, 'new');
    look.disconnect();
    // Its next sign of life.
    vi.advanceTimersByTime(ALIVE_MS / 4);
    expect((await refused).message).toMatch(/photo 1.0.0/);
    expect(await painted).toBeInstanceOf(WorkerLostError);
    await silent.close(0);
  });

  it('a call that Redis forgot is lost, not waited for', async () => {
    const local = new ManualPainter();
    const server = await serve(local);
    const remote = await connect();
    const taken = remote.paint(request).catch((error: unknown) => error);
    await local.call(0);
    const waiting = remote.paint({ ...request, seed: 6 }).catch((error: unknown) => error);
    const look = new Redis(redis.url);
    await vi.waitFor(async () => expect(await look.llen(`${prefix}:paint-emoji-sum:wait`)).toBe(1));
    await look.del(...(await look.keys(`${prefix}:paint-emoji-sum:*`)));
    look.disconnect();
    expect(await waiting).toBeInstanceOf(WorkerLostError);
    local.calls[0]?.finish();
    expect(await taken).toMatchObject({ pictures: [{ seed: 5 }, { seed: 6 }] });
    await server.close(0);
  });

  it('a Redis that is full is a passing error', async () => {
    await serve(new ManualPainter(), { aliveMs: 60_000 });
    const remote = await connect();
    const admin = new Redis(redis.url);
    await admin.config('SET', 'maxmemory', '1');
    await expect(remote.paint(request)).rejects.toMatchObject({ code: 'redis_refused', retryable: true });
    await admin.config('SET', 'maxmemory', '0');
    admin.disconnect();
  });

  it('hand their work back when they are shut down', async () => {
    const local = new ManualPainter();
    const server = await serve(local);
    const remote = await connect();
    const painted = remote.paint(request).catch((error: unknown) => error);
    await local.call(0);
    await server.close(20);
    expect(await painted).toBeInstanceOf(WorkerLostError);
  });

  it('killed in the middle, cost an attempt: another worker paints the job, and the bot is none the wiser', async () => {
    const remote = await connect({ onSlots: (slots) => queue?.setSlots(slots) });
    const store = openStore({ path: ':memory:' });
    const queue = new FairJobQueue({ store, painter: remote, slots: remote.slots, retryDelayMs: 10 });
    closers.push(async () => {
      await queue.stop(0);
      store.close();
    });
    await queue.start();
    const { job } = await queue.add(newJob({ count: 1, seed: 77 }));
    await queue.idle();
    expect(store.jobs.get(job.id)?.status).toBe('waiting');

    const script = join(import.meta.dirname, 'fixtures', 'remote-worker.mjs');
    const doomed = spawn(process.execPath, [script, inject('distDir'), redis.url, prefix], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const requeued = new Promise((resolve) => queue.on('requeued', resolve));
    const completed = new Promise((resolve) => queue.on('completed', (done) => resolve(done)));
    await new Promise((resolve) => queue.on('progress', resolve));
    doomed.kill('SIGKILL');
    await once(doomed, 'exit');
    await expireSignsOfLife();
    expect(await requeued).toMatchObject({ id: job.id, attempts: 1 });
    const local = new ManualPainter();
    await serve(local);
    (await local.call(0)).finish();
    expect(await completed).toMatchObject({ id: job.id, status: 'completed', attempts: 1 });
    expect(store.jobs.get(job.id)?.pictures[0]?.seed).toBe(77);
  });

  it('say which Redis does not answer, without its password', async () => {
    const away = 'redis://:secret@127.0.0.1:1';
    const starts = [
      () => RemotePainter.connect({ redisUrl: away }),
      () => serveRemoteJobs(whole(new ManualPainter()), { redisUrl: away, slots: 1 }),
    ];
    for (const start of starts) {
      const error = await start().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'redis_away', message: 'Redis at 127.0.0.1:1 does not answer.' });
    }
  });

  it('a bot that closes gives up what is pending', async () => {
    const local = new ManualPainter();
    await serve(local);
    const remote = await RemotePainter.connect({ redisUrl: redis.url, prefix, pollMs: 40 });
    const painted = remote.paint(request).catch((error: unknown) => error);
    await local.call(0);
    await remote.close();
    expect(await painted).toBeInstanceOf(WorkerLostError);
    await expect(remote.render({ imageTokens: [] })).rejects.toMatchObject({ retryable: true });
  });
});
