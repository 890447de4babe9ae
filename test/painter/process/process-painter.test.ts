import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import {
  AbortedError,
  BundleError,
  InputError,
  PictureTooLargeError,
  TesseraError,
  WorkerLostError,
} from '../../../src/domain/errors.js';
import type { PaintProgress, PaintRequest } from '../../../src/painter/painter.js';
import { ProcessPainter, type WorkerEvent, type WorkerOptions } from '../../../src/painter/process/process-painter.js';

const distDir = inject('distDir');
const entry = new URL('./fixtures/fake-worker.mjs', import.meta.url);
const clients: ProcessPainter[] = [];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-worker-'));
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(() => rmSync(folder, { recursive: true }));

function options(start = 'ok', more: Partial<WorkerOptions> = {}): WorkerOptions {
  return {
    bundleDir: '/some/bundle',
    provider: 'cpu',
    threads: 2,
    entry,
    entryArgs: [distDir, start],
    restartDelayMs: 20,
    // However slow the machine is: a process that closes by itself is not killed.
    closeLimitMs: 600_000,
    ...more,
  };
}

async function started(start?: string, more?: Partial<WorkerOptions>): Promise<ProcessPainter> {
  const client = new ProcessPainter(options(start, more));
  clients.push(client);
  await client.summary();
  return client;
}

const words = (prompt: string, count = 1): PaintRequest => ({ condition: { kind: 'text', prompt }, count, seed: 7 });

/** The error of a call that must fail. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A painting that is under way: it has said so. */
async function begun(client: ProcessPainter, prompt: string, signal?: AbortSignal) {
  const seen: PaintProgress[] = [];
  let hasBegun = () => {};
  const first = new Promise<void>((resolve) => {
    hasBegun = resolve;
  });
  const onProgress = (progress: PaintProgress) => {
    seen.push(progress);
    hasBegun();
  };
  const painting = client
    .paint(words(prompt), { onProgress, ...(signal && { signal }) })
    .catch((error: unknown) => error);
  await first;
  return { painting, seen };
}

/** From here on this process's timeouts come when the returned function lets time pass. */
function fakeTimeouts(): (ms: number) => void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  return (ms) => void vi.advanceTimersByTime(ms);
}

describe('a worker', () => {
  it('opens what it is told to and answers every method with its own types', async () => {
    const client = await started();
    expect((await client.summary()).metrics).toMatchObject({ bundleDir: '/some/bundle', provider: 'cpu', threads: 2 });
    expect((await client.summary()).metrics.pid).toBe(client.pid);
    expect(client.pid).not.toBe(process.pid);

    const painted = await client.paint(words('a fox', 2));
    expect(painted.embedding).toEqual({ vector: new Float32Array([0.5, -0.25]), bundle: 'fake' });
    expect(painted.pictures).toHaveLength(2);
    expect(painted.pictures[1]?.imageTokens).toEqual(new Uint16Array([1, 65_535]));

    const rendered = await client.render({ imageTokens: [new Uint16Array(4), new Uint16Array(4)], sizePx: 64 });
    expect(rendered).toEqual({ png: new Uint8Array([2]), widthPx: 64, heightPx: 64 });
    // Only the picture's own bytes crossed, not the megabyte it was a view of.
    expect(rendered.png.buffer.byteLength).toBeLessThan(100_000);
    expect(await client.describe(new Uint8Array(5), 2)).toEqual(Array(2).fill({ text: '5 bytes', fit: 1 }));
    expect(await client.embedImage(new Uint8Array([3]))).toEqual({ vector: new Float32Array([3]), bundle: 'fake' });
  });

  it('is not told the secrets of the bot', async () => {
    vi.stubEnv('DISCORD_TOKEN', 'secret');
    const client = await started().finally(() => vi.unstubAllEnvs());
    expect((await client.summary()).metrics.token).toBe('none');
  });

  it('carries pictures and stored embeddings over unchanged', async () => {
    const client = await started();
    const embedding = { vector: new Float32Array([0.1, -0.2, 0.3]), bundle: 'fake' };
    const imageTokens = new Uint16Array([0, 1, 65_535]);
    const varied = await client.paint({
      condition: { kind: 'variation', embedding, imageTokens, strength: 'subtle' },
      count: 1,
      seed: 1,
    });
    expect(varied.embedding).toEqual(embedding);
    expect(varied.pictures[0]?.imageTokens).toEqual(imageTokens);
    expect(await client.describe(Buffer.from([1, 2, 3, 250]), 1)).toEqual([{ text: '4 bytes', fit: 1 }]);
  });

  it('reports progress with previews, in order, before the result', async () => {
    const client = await started();
    const seen: PaintProgress[] = [];
    await client.paint(words('a fox'), { onProgress: (progress) => seen.push(progress) });
    expect(seen.map((progress) => progress.fraction)).toEqual([0.5, 1]);
    expect(seen[1]?.preview).toEqual(new Uint8Array([1]));
  });

  it.each([
    ['bad input', InputError, 'bad_input', false],
    ['too large', PictureTooLargeError, 'picture_too_large', false],
    ['retryable', TesseraError, 'machine_away', true],
    ['bug', TesseraError, 'internal', false],
  ])('brings the error of "%s" back as it was', async (prompt, type, code, retryable) => {
    const client = await started();
    const error = await failure(client.paint(words(prompt)));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code, retryable });
    expect(await client.paint(words('still alive'))).toBeDefined();
    expect(client.restartCount).toBe(0);
  });

  it('refuses a malformed call without harm to the others', async () => {
    const client = await started();
    const { painting: good } = await begun(client, 'until described');
    const bad = { condition: { kind: 'text', prompt: 5 }, count: 'four', seed: 1 } as unknown as PaintRequest;
    expect(await failure(client.paint(bad))).toBeInstanceOf(InputError);
    expect(await failure(client.paint(words('x', 1.5)))).toBeInstanceOf(InputError);
    expect(await failure(client.paint({ ...words('x'), fn: () => {} } as PaintRequest))).toBeInstanceOf(InputError);
    await client.describe(new Uint8Array(1));
    expect(await good).toMatchObject({ pictures: [{ seed: 7 }] });
    expect(client.restartCount).toBe(0);
  });
});

describe('cancelling', () => {
  it('ends only after the worker has really stopped', async () => {
    const client = await started();
    const abort = new AbortController();
    const { painting, seen } = await begun(client, 'last word', abort.signal);
    abort.abort();
    expect(await painting).toBeInstanceOf(AbortedError);
    // The last thing that the fake painter says, when it has stopped.
    expect(seen.at(-1)?.stage).toBe('rank');
    expect(client.pendingCount).toBe(0);
  });

  it('leaves other calls alone', async () => {
    const client = await started();
    const abort = new AbortController();
    const { painting: other } = await begun(client, 'until described');
    const { painting: cancelled } = await begun(client, 'endless', abort.signal);
    abort.abort();
    expect(await cancelled).toBeInstanceOf(AbortedError);
    await client.describe(new Uint8Array(1));
    expect(await other).toMatchObject({ pictures: [{ seed: 7 }] });
  });

  it('does not even start when the signal has fired', async () => {
    const client = await started();
    const error = await failure(client.paint(words('crash'), { signal: AbortSignal.abort() }));
    expect(error).toBeInstanceOf(AbortedError);
    await client.describe(new Uint8Array(1));
    expect(client.restartCount).toBe(0);
  });

  it('ends at once for a call that still waits for the process', async () => {
    const client = new ProcessPainter(options());
    clients.push(client);
    const abort = new AbortController();
    const waiting = failure(client.paint(words('endless'), { signal: abort.signal }));
    abort.abort();
    expect(await waiting).toBeInstanceOf(AbortedError);
    expect(client.state).toBe('starting');
  });
});

describe('a process that dies', () => {
  it('costs every call it had a retryable error and is started again', async () => {
    const events: WorkerEvent[] = [];
    const client = await started('ok', { onEvent: (event) => events.push(event) });
    const firstPid = client.pid;
    const { painting: other } = await begun(client, 'endless');
    const error = await failure(client.paint(words('crash')));
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(error).toMatchObject({ code: 'worker_lost', retryable: true });
    expect(String(error)).toContain('exit code 7');
    expect(await other).toBeInstanceOf(WorkerLostError);
    expect(client.state).toBe('restarting');

    // A call made meanwhile waits for the new process.
    expect((await client.paint(words('again'))).pictures).toHaveLength(1);
    expect(client.pid).not.toBe(firstPid);
    expect(client.restartCount).toBe(1);
    expect(events.map((event) => event.type)).toEqual(['ready', 'lost', 'ready']);
    expect(events[1]).toMatchObject({ lostCalls: 2, restartInMs: 20 });
  });

  it('is survived by a kill -9 from outside, too', async () => {
    const client = await started();
    const { painting } = await begun(client, 'endless');
    process.kill(client.pid ?? 0, 'SIGKILL');
    expect(await painting).toBeInstanceOf(WorkerLostError);
    expect((await client.paint(words('again'))).pictures).toHaveLength(1);
  });

  it('counts as done for a call that was being cancelled', async () => {
    const client = await started();
    const abort = new AbortController();
    const { painting } = await begun(client, 'deaf', abort.signal);
    abort.abort();
    process.kill(client.pid ?? 0, 'SIGKILL');
    expect(await painting).toBeInstanceOf(AbortedError);
  });

  it('is restarted after longer and longer pauses while it keeps dying', async () => {
    const pauses: number[] = [];
    const client = await started('ok', {
      maxRestartDelayMs: 60,
      onEvent: (event) => event.type === 'lost' && pauses.push(event.restartInMs),
    });
    for (let i = 0; i < 4; i++) {
      expect(await failure(client.paint(words('crash')))).toBeInstanceOf(WorkerLostError);
    }
    expect(pauses).toEqual([20, 40, 60, 60]);
    await client.paint(words('works'));
    await failure(client.paint(words('crash')));
    expect(pauses.at(-1)).toBe(20);
  });

  it('is killed and restarted when it hangs, even though new calls keep coming', async () => {
    const clock = fakeTimeouts();
    const reasons: string[] = [];
    const onEvent = (event: WorkerEvent) => event.type === 'lost' && reasons.push(event.reason);
    const client = await started('ok', { silenceLimitMs: 1_000, restartDelayMs: 5, onEvent });
    const hanging = failure(client.paint(words('hang')));
    clock(900);
    const later = failure(client.describe(new Uint8Array(1)));
    clock(99);
    expect(client.state).toBe('ready');
    clock(1);
    expect(await hanging).toBeInstanceOf(WorkerLostError);
    expect(await later).toBeInstanceOf(WorkerLostError);
    expect(reasons).toEqual([expect.stringContaining('said nothing')]);
    clock(5);
    expect((await client.paint(words('again'))).pictures).toHaveLength(1);
  });

  it('may work for longer than the limit as long as it reports progress, and may idle', async () => {
    const clock = fakeTimeouts();
    const client = await started('ok', { silenceLimitMs: 1_000 });
    // Each sign of life is followed by almost all of the silence that is allowed.
    const long = await client.paint(words('long'), { onProgress: () => clock(900) });
    expect(long.pictures).toHaveLength(1);
    clock(1_000_000);
    await client.describe(new Uint8Array(1));
    expect(client.restartCount).toBe(0);
    expect(client.state).toBe('ready');
  });
});

describe('start-up', () => {
  it('reports a bundle that cannot be used once, and does not try again', async () => {
    const events: WorkerEvent[] = [];
    const client = new ProcessPainter(options('damaged', { onEvent: (event) => events.push(event) }));
    const error = await failure(client.summary());
    expect(error).toBeInstanceOf(BundleError);
    expect(String(error)).toContain('step.onnx is damaged');
    // Resolves when its process is gone: nothing can come after that.
    await client.close();
    expect(events.map((event) => event.type)).toEqual(['unusable']);
  });

  it('refuses calls with that same error', async () => {
    const client = new ProcessPainter(options('damaged'));
    clients.push(client);
    expect(await failure(client.paint(words('x')))).toBeInstanceOf(BundleError);
    expect(await failure(client.paint(words('x')))).toBeInstanceOf(BundleError);
    expect(client.state).toBe('unusable');
  });

  it('gives up on a process that never gets ready', async () => {
    const error = await failure(ProcessPainter.start(options('crash')));
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(String(error)).toContain('3 times');
    expect(String(error)).toContain('exit code 9');
  });

  it('survives one crash on the way', async () => {
    const client = await started(`crash-once:${join(folder, 'marker')}`);
    expect(client.restartCount).toBe(1);
    expect((await client.paint(words('x'))).pictures).toHaveLength(1);
  });

  it('gives up on a process that hangs while it opens the bundle', async () => {
    const error = await failure(ProcessPainter.start(options('hang', { silenceLimitMs: 300 })));
    expect(error).toBeInstanceOf(WorkerLostError);
  });
});

describe('the end', () => {
  it('closes the painter, ends the process and rejects what was not answered', async () => {
    const marker = join(folder, 'closed');
    const client = await started(`marks-close:${marker}`);
    const pid = client.pid ?? 0;
    const { painting } = await begun(client, 'deaf');
    await client.close();
    expect(await painting).toBeInstanceOf(WorkerLostError);
    expect(existsSync(marker)).toBe(true);
    expect(isAlive(pid)).toBe(false);
    expect(await failure(client.paint(words('x')))).toBeInstanceOf(WorkerLostError);
    await client.close();
  });

  it('kills a process that does not close in time', async () => {
    const client = await started('never-closes', { closeLimitMs: 20 });
    const pid = client.pid ?? 0;
    await client.close();
    expect(isAlive(pid)).toBe(false);
  });

  it('may come before the process is ready', async () => {
    const client = new ProcessPainter(options());
    const pid = client.pid ?? 0;
    await client.close();
    expect(isAlive(pid)).toBe(false);
    expect(await failure(client.summary())).toBeInstanceOf(WorkerLostError);
  });

  it.each(['', 'endless'])('leaves no orphan when the bot is killed (painting: "%s")', async (prompt) => {
    const script = fileURLToPath(new URL('./fixtures/parent.mjs', import.meta.url));
    const parent = spawn(process.execPath, [script, distDir, fileURLToPath(entry), prompt]);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 20_000);
  });

  it('does not come with Ctrl+C or SIGTERM to the process itself: the bot decides', async () => {
    const client = await started();
    const { painting } = await begun(client, 'until described');
    process.kill(client.pid ?? 0, 'SIGINT');
    process.kill(client.pid ?? 0, 'SIGTERM');
    await client.describe(new Uint8Array(1));
    expect(await painting).toMatchObject({ pictures: [{ seed: 7 }] });
  });
});
