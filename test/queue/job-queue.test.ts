import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AbortedError, BundleError, WorkerLostError } from '../../src/domain/errors.js';
import type { NewJob } from '../../src/domain/job.js';
import { QueueFullError, QueueStoppedError } from '../../src/queue/errors.js';
import { FairJobQueue, type FairJobQueueOptions } from '../../src/queue/job-queue.js';
import type { QueueEvents } from '../../src/queue/queue.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/store.js';
import { newJob } from '../store/new-job.js';
import { fakeResult, fakeSampling, ManualPainter } from './manual-painter.js';

let store: Store;
let painter: ManualPainter;
let errors: unknown[];
let queues: FairJobQueue[];

beforeEach(() => {
  store = openStore({ path: ':memory:' });
  painter = new ManualPainter();
  errors = [];
  queues = [];
});
afterEach(async () => {
  await Promise.all(queues.map((queue) => queue.stop(0)));
  store.close();
});

function makeQueue(options: Partial<FairJobQueueOptions> = {}): FairJobQueue {
  const logger = { error: (what: unknown) => errors.push(what) } as never;
  const queue = new FairJobQueue({ store, painter, slots: 1, retryDelayMs: 1, abortWaitMs: 50, logger, ...options });
  queues.push(queue);
  return queue;
}

/** Resolves with the arguments of the next such event. */
function next<E extends keyof QueueEvents>(queue: FairJobQueue, event: E): Promise<QueueEvents[E]> {
  return new Promise((resolve) => {
    const listener = (...args: QueueEvents[E]) => {
      queue.off(event, listener);
      resolve(args);
    };
    queue.on(event, listener);
  });
}

const by = (userId: string, changes: Partial<Omit<NewJob, 'origin'>> = {}, guildId: string | null = '100') =>
  newJob({ ...changes, origin: { userId, guildId } });

describe('a job', () => {
  it('is stored, painted, stored again, and only then announced', async () => {
    const queue = makeQueue();
    await queue.start();
    const { job, isNew } = await queue.add(by('1', { seed: 42, count: 2, style: '3d' }));
    expect(isNew).toBe(true);
    expect(store.jobs.get(job.id)?.status).toBe('waiting');
    const [active] = await next(queue, 'active');
    expect(active).toMatchObject({ id: job.id, status: 'active' });
    const call = await painter.call(0);
    expect(call.request).toMatchObject({
      condition: { kind: 'text', prompt: job.prompt, style: '3d' },
      count: 2,
      seed: 42,
    });
    const rowsAtEvent = new Promise((resolve) => queue.on('completed', () => resolve(store.jobs.get(job.id))));
    const completed = next(queue, 'completed');
    call.finish();
    const [row, result] = await completed;
    expect(row).toEqual(await rowsAtEvent);
    expect(row).toMatchObject({ status: 'completed', bundle: 'emoji', sampling: fakeSampling });
    expect(row.embedding).toEqual(result.embedding);
    expect(row.pictures).toEqual(result.pictures.map(({ seed, fit, imageTokens }) => ({ seed, fit, imageTokens })));
    expect(row.paintMs).toBeGreaterThan(0);
    expect(queue.place(job.id)).toBeUndefined();
  });

  it('tells of its progress', async () => {
    const queue = makeQueue();
    await queue.start();
    await queue.add(by('1'));
    const call = await painter.call(0);
    const progress = next(queue, 'progress');
    call.options.onProgress?.({ stage: 'generate', fraction: 0.5 });
    expect((await progress)[1]).toEqual({ stage: 'generate', fraction: 0.5 });
  });

  it('is added once for one interaction, even when the queue is full or stopped', async () => {
    const queue = makeQueue({ limits: { maxWaiting: 1 } });
    const wish = by('1');
    const first = await queue.add(wish);
    expect(await queue.add(wish)).toEqual({ job: first.job, isNew: false });
    expect(queue.waitingCount).toBe(1);
    await queue.stop(0);
    expect((await queue.add(wish)).isNew).toBe(false);
    await expect(queue.add(by('1'))).rejects.toThrow(QueueStoppedError);
    expect(store.jobs.counts().waiting).toBe(1);
  });

  it('is refused with numbers when too many wait, and leaves no row', async () => {
    const queue = makeQueue({ limits: { maxWaiting: 2 } });
    await queue.add(by('1'));
    await queue.add(by('2'));
    const refusal = await queue.add(by('3')).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(QueueFullError);
    expect(refusal).toMatchObject({ code: 'queue_full', waitingCount: 2, maxWaiting: 2 });
    expect(store.jobs.counts().waiting).toBe(2);
  });
});

describe('what is painted', () => {
  it('a reroll uses the stored embedding; a variation the parent picture’s tokens', async () => {
    const queue = makeQueue();
    await queue.start();
    const { job: parent } = await queue.add(by('1', { seed: 5 }));
    (await painter.call(0)).finish();
    await next(queue, 'completed');
    const embedding = store.jobs.get(parent.id)?.embedding ?? null;
    await queue.add(by('1', { source: { kind: 'embedding' }, parentJobId: parent.id, embedding, seed: 6 }));
    const reroll = await painter.call(1);
    expect(reroll.request.condition).toEqual({ kind: 'embedding', embedding });
    reroll.finish();
    await queue.add(
      by('1', { source: { kind: 'variation', parentIndex: 2, strength: 'strong' }, parentJobId: parent.id, embedding }),
    );
    expect((await painter.call(2)).request.condition).toEqual({
      kind: 'variation',
      embedding,
      imageTokens: Uint16Array.of(5, 2, 65_535),
      strength: 'strong',
    });
  });

  it('stored numbers of another model are never fed to this one', async () => {
    const queue = makeQueue();
    await queue.start();
    const { job: parent } = await queue.add(by('1'));
    (await painter.call(0)).finish();
    await next(queue, 'completed');
    painter.bundle = 'photo';
    const embedding = { vector: Float32Array.of(1, 0), bundle: 'emoji' };
    await queue.add(by('1', { source: { kind: 'embedding' }, parentJobId: parent.id, embedding, prompt: 'a fox' }));
    const anew = await painter.call(1);
    expect(anew.request.condition).toEqual({ kind: 'text', prompt: 'a fox' });
    anew.finish();
    const variation = { kind: 'variation', parentIndex: 0, strength: 'subtle' } as const;
    const failed = next(queue, 'failed');
    await queue.add(by('1', { source: variation, parentJobId: parent.id, embedding }));
    expect((await failed)[0].errorCode).toBe('other_model');
  });

  it('an upload that an older model embedded is not painted by a newer one', async () => {
    const queue = makeQueue();
    const embedding = { vector: Float32Array.of(1, 0), bundle: 'emoji' };
    const { job } = await queue.add(by('1', { source: { kind: 'embedding' }, embedding, prompt: '' }));
    painter.bundle = 'photo';
    const failed = next(queue, 'failed');
    await queue.start();
    expect((await failed)[0]).toMatchObject({ id: job.id, errorCode: 'other_model', bundle: null });
    expect(painter.calls).toHaveLength(0);
    expect(store.jobs.get(job.id)?.embedding).toEqual(embedding);
  });

  it('inherited settings never ask for fewer candidates than pictures', async () => {
    const queue = makeQueue();
    await queue.start();
    await queue.add(by('1', { count: 9, sampling: { candidateCount: 8, topK: 3 } }));
    expect((await painter.call(0)).request.sampling).toEqual({ candidateCount: 9, topK: 3 });
  });
});

describe('slots', () => {
  it('paints no more at once than there are slots, and uses all of them', async () => {
    const queue = makeQueue({ slots: 3 });
    await queue.start();
    for (let i = 0; i < 8; i += 1) {
      await queue.add(by(`${i}`));
    }
    for (let i = 0; i < 8; i += 1) {
      const call = await painter.call(i);
      if (i >= 2) {
        expect(painter.open.size).toBeGreaterThan(0);
      }
      setImmediate(() => call.finish());
    }
    await queue.idle();
    expect(store.jobs.counts().completed).toBe(8);
    expect(painter.maxOpen).toBe(3);
  });

  it('frees a slot only when the painter has let go of a cancelled job', async () => {
    painter.letsGo = false;
    const queue = makeQueue();
    await queue.start();
    const { job } = await queue.add(by('1'));
    await queue.add(by('2'));
    const call = await painter.call(0);
    const cancelled = queue.cancel(job.id);
    await queue.add(by('3'));
    expect(call.options.signal?.aborted).toBe(true);
    expect(painter.calls).toHaveLength(1);
    call.break(new AbortedError());
    expect(await cancelled).toBe(true);
    await painter.call(1);
    expect(painter.maxOpen).toBe(1);
  });

  it('follows their number up, down and to none', async () => {
    const queue = makeQueue({ slots: 0 });
    await queue.start();
    for (let i = 0; i < 4; i += 1) {
      await queue.add(by(`${i}`));
    }
    await queue.idle();
    expect(painter.calls).toHaveLength(0);
    queue.setSlots(2);
    await painter.call(1);
    expect(queue.activeCount).toBe(2);
    queue.setSlots(0);
    for (const call of painter.open) {
      call.finish();
    }
    await queue.idle();
    expect(painter.calls).toHaveLength(2);
    expect(queue.waitingCount).toBe(2);
    queue.setSlots(1);
    await painter.call(2);
  });
});

describe('order', () => {
  it('one member with fifty prompts does not hold up the others', async () => {
    const queue = makeQueue({ slots: 1 });
    await queue.start();
    for (let i = 0; i < 50; i += 1) {
      await queue.add(by('greedy', { prompt: `greedy ${i}` }));
    }
    const first = await painter.call(0);
    for (const userId of ['2', '3']) {
      await queue.add(by(userId, { prompt: userId }));
    }
    await queue.add(by('4', { prompt: 'elsewhere' }, '101'));
    await queue.add(by('5', { prompt: 'direct' }, null));
    const order = queue.snapshot().map(({ userId, place }) => [userId, place.position]);
    first.finish();
    const painted: string[] = [];
    for (let i = 1; i <= 6; i += 1) {
      const call = await painter.call(i);
      painted.push(call.request.condition.kind === 'text' ? call.request.condition.prompt : '?');
      call.finish();
    }
    expect(painted.filter((prompt) => prompt.startsWith('greedy')).length).toBeLessThanOrEqual(2);
    expect(new Set(painted)).toEqual(new Set([...painted, '2', '3', 'elsewhere', 'direct']));
    // What members were told is what came.
    expect(order[0]).toEqual(['greedy', 0]);
    expect(order.slice(1, 7).map(([userId]) => userId)).toEqual(
      painted.map(
        (prompt) =>
          (({ elsewhere: '4', direct: '5' }) as Record<string, string>)[prompt] ?? (prompt.split(' ')[0] as string),
      ),
    );
    expect(order.map(([, position]) => position)).toEqual(order.map((_, i) => i));
  });

  it('gives places and times from measured durations', async () => {
    let now = 1_000_000;
    const earlier = store.jobs.insert(by('9')).job.id;
    store.jobs.markActive(earlier);
    store.jobs.complete(earlier, { ...fakeResult({ count: 1, seed: 0 } as never), paintMs: 4000 });
    const queue = makeQueue({ slots: 2, clock: () => now });
    await queue.start();
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      ids.push((await queue.add(by('1'))).job.id);
    }
    await painter.call(1);
    now += 1000;
    const places = ids.map((id) => queue.place(id));
    expect(places.map((place) => place?.position)).toEqual([0, 0, 1, 2, 3]);
    expect(places.map((place) => place?.etaMs)).toEqual([3000, 3000, 7000, 7000, 11_000]);
    expect(places[4]?.waitingCount).toBe(3);
    painter.calls[0]?.options.onProgress?.({ stage: 'generate', fraction: 0.8 });
    expect(queue.place(ids[0] ?? '')?.etaMs).toBe(250);
    expect(queue.place('ZZZZZZZZZZZZ')).toBeUndefined();
    expect(queue.waitingCountOf('100', '1')).toBe(3);
    expect(queue.waitingCountOf('100', '2')).toBe(0);
    expect(queue.waitingCountOf(null, '1')).toBe(0);
  });

  it('says once that places moved, however many did', async () => {
    const queue = makeQueue();
    let moves = 0;
    queue.on('moved', () => {
      moves += 1;
    });
    for (let i = 0; i < 20; i += 1) {
      void queue.add(by('1'));
    }
    await next(queue, 'moved');
    expect(moves).toBe(1);
  });
});

describe('a paused server', () => {
  it('waits while the others go on, and goes on when resumed', async () => {
    const queue = makeQueue();
    queue.setPaused('100', true);
    await queue.start();
    const { job } = await queue.add(by('1', { prompt: 'paused' }));
    await queue.add(by('2', { prompt: 'other' }, '101'));
    (await painter.call(0)).finish();
    await queue.idle();
    expect(painter.calls.map((call) => call.request.condition)).toMatchObject([{ prompt: 'other' }]);
    expect(queue.place(job.id)?.position).toBe(1);
    queue.setPaused('100', false);
    expect((await painter.call(1)).request.condition).toMatchObject({ prompt: 'paused' });
  });

  it('is still paused after a restart', async () => {
    store.settings.set('100', '7', 'paused', true);
    store.jobs.insert(by('1'));
    const queue = makeQueue();
    await queue.start();
    await queue.idle();
    expect(painter.calls).toHaveLength(0);
    expect(queue.waitingCount).toBe(1);
  });
});

describe('cancelling', () => {
  it('a waiting job ends it at once', async () => {
    const queue = makeQueue({ slots: 0 });
    const { job } = await queue.add(by('1'));
    const told = next(queue, 'cancelled');
    expect(await queue.cancel(job.id)).toBe(true);
    expect((await told)[0]).toMatchObject({ id: job.id, status: 'cancelled' });
    expect(queue.waitingCount).toBe(0);
    expect(await queue.cancel(job.id)).toBe(false);
    expect(await queue.cancel('ZZZZZZZZZZZZ')).toBe(false);
    await queue.start();
    queue.setSlots(1);
    await queue.idle();
    expect(painter.calls).toHaveLength(0);
  });

  it('wins over a painter that finishes at the same moment', async () => {
    painter.letsGo = false;
    const queue = makeQueue();
    await queue.start();
    const { job } = await queue.add(by('1'));
    const call = await painter.call(0);
    const cancelled = queue.cancel(job.id);
    expect(call.options.signal?.aborted).toBe(true);
    call.finish();
    expect(await cancelled).toBe(true);
    expect(store.jobs.get(job.id)?.status).toBe('cancelled');
  });

  it('comes too late for a finished job', async () => {
    const queue = makeQueue();
    await queue.start();
    const { job } = await queue.add(by('1'));
    const completed = next(queue, 'completed');
    (await painter.call(0)).finish();
    await completed;
    expect(await queue.cancel(job.id)).toBe(false);
    expect(store.jobs.get(job.id)?.status).toBe('completed');
  });
});

describe('errors', () => {
  it('a lost worker costs a retry at the same place, and then no more', async () => {
    const queue = makeQueue({ limits: { maxRetries: 2 } });
    await queue.start();
    const requeued: number[] = [];
    queue.on('requeued', (job) => void requeued.push(job.attempts));
    const { job } = await queue.add(by('1', { prompt: 'first' }));
    // Somebody else's turn would be next, were the first one not given back its own.
    await queue.add(by('2', { prompt: 'second' }));
    const failed = next(queue, 'failed');
    for (let i = 0; i < 3; i += 1) {
      const call = await painter.call(i);
      expect(call.request.condition).toMatchObject({ prompt: 'first' });
      call.break(new WorkerLostError('gone'));
    }
    const [row, error] = await failed;
    expect(row).toMatchObject({ id: job.id, status: 'failed', errorCode: 'worker_lost', attempts: 2 });
    expect(error).toBeInstanceOf(WorkerLostError);
    expect(requeued).toEqual([1, 2]);
    expect((await painter.call(3)).request.condition).toMatchObject({ prompt: 'second' });
  });

  it('an error that trying again cannot help fails at once, with its code', async () => {
    const queue = makeQueue();
    await queue.start();
    await queue.add(by('1'));
    const failed = next(queue, 'failed');
    (await painter.call(0)).break(new BundleError('step.onnx is damaged'));
    expect((await failed)[0]).toMatchObject({ errorCode: 'bad_bundle', attempts: 0 });
    expect(errors).toEqual([]);
  });

  it('an unexpected error fails the job as `internal` and is logged', async () => {
    const queue = makeQueue();
    await queue.start();
    await queue.add(by('1'));
    const failed = next(queue, 'failed');
    (await painter.call(0)).break(new TypeError('undefined is not a function'));
    expect((await failed)[0].errorCode).toBe('internal');
    expect(errors).toHaveLength(1);
  });

  it('a listener that throws or rejects stops nothing', async () => {
    const queue = makeQueue();
    queue.on('active', () => {
      throw new Error('listener');
    });
    queue.on('active', async () => {
      throw new Error('async listener');
    });
    await queue.start();
    await queue.add(by('1'));
    const completed = next(queue, 'completed');
    (await painter.call(0)).finish();
    await completed;
    expect(errors).toHaveLength(2);
  });

  it('an outcome that the database refuses does not stop the queue, and a restart paints again', async () => {
    const queue = makeQueue();
    await queue.start();
    const { job } = await queue.add(by('1'));
    await queue.add(by('2'));
    const broken = await painter.call(0);
    broken.finish({
      ...fakeResult(broken.request),
      pictures: [{ seed: 0.5, fit: 0, imageTokens: new Uint16Array(1) } as never],
    });
    (await painter.call(1)).finish();
    await next(queue, 'completed');
    expect(errors).toHaveLength(1);
    expect(store.jobs.get(job.id)?.status).toBe('active');
    expect(store.jobs.unfinished().map((row) => row.id)).toEqual([job.id]);
  });
});

describe('restart', () => {
  it('takes up waiting and active jobs in their order, and counts the attempt of the active one', async () => {
    const ids = ['first', 'second', 'third'].map((prompt) => store.jobs.insert(by('1', { prompt })).job.id);
    store.jobs.markActive(ids[0] ?? '');
    const queue = makeQueue();
    const requeued = next(queue, 'requeued');
    await queue.start();
    expect((await requeued)[0]).toMatchObject({ id: ids[0], status: 'waiting', attempts: 1 });
    for (const [i, prompt] of ['first', 'second', 'third'].entries()) {
      const call = await painter.call(i);
      expect(call.request.condition).toMatchObject({ prompt });
      call.finish();
    }
  });

  it('ends a job that was being painted each time the process died', async () => {
    const { id } = store.jobs.insert(by('1')).job;
    for (let i = 0; i < 2; i += 1) {
      store.jobs.markActive(id);
      store.jobs.requeue(id, { countAttempt: true });
    }
    store.jobs.markActive(id);
    const queue = makeQueue({ limits: { maxRetries: 2 } });
    const failed = next(queue, 'failed');
    await queue.start();
    expect((await failed)[0]).toMatchObject({ id, errorCode: 'worker_lost' });
    expect(queue.waitingCount).toBe(0);
  });
});

describe('stop', () => {
  it('lets a job finish within the grace time, and starts no other', async () => {
    const queue = makeQueue();
    await queue.start();
    const { job } = await queue.add(by('1'));
    await queue.add(by('1'));
    const call = await painter.call(0);
    const stopped = queue.stop(5000);
    call.finish();
    await stopped;
    expect(store.jobs.get(job.id)?.status).toBe('completed');
    await queue.idle();
    expect(painter.calls).toHaveLength(1);
    expect(store.jobs.counts()).toMatchObject({ completed: 1, waiting: 1 });
  });

  it('re-queues what does not finish, without counting an attempt', async () => {
    const queue = makeQueue();
    await queue.start();
    const { job } = await queue.add(by('1'));
    await painter.call(0);
    const requeued = next(queue, 'requeued');
    await queue.stop(10);
    expect((await requeued)[0]).toMatchObject({ id: job.id, status: 'waiting', attempts: 0 });
  });

  it('does not wait for a painter that never lets go, and ignores what it says later', async () => {
    painter.letsGo = false;
    const queue = makeQueue({ abortWaitMs: 20 });
    await queue.start();
    const { job } = await queue.add(by('1'));
    const call = await painter.call(0);
    await queue.stop(10);
    expect(store.jobs.get(job.id)).toMatchObject({ status: 'waiting', attempts: 0 });
    call.options.onProgress?.({ stage: 'generate', fraction: 0.9 });
    call.finish();
    await queue.idle();
    expect(store.jobs.get(job.id)?.status).toBe('waiting');
    expect(errors).toEqual([]);
  });
});
