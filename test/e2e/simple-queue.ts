import { EventEmitter } from 'node:events';
import { TesseraError } from '../../src/errors.js';
import type { Painter } from '../../src/pipeline/types.js';
import type { JobQueue, QueueEvents } from '../../src/queue/types.js';
import type { Job, NewJob, Store } from '../../src/store/types.js';

/** First come, first served, one at a time: just enough of the contract for tests of the bot alone. */
export class SimpleQueue extends EventEmitter<QueueEvents> implements JobQueue {
  readonly #store: Store;
  readonly #painter: Painter;
  readonly maxWaiting: number;
  #waiting: string[] = [];
  #active: { id: string; abort: AbortController; done: Promise<void> } | undefined;
  #isRunning = false;
  readonly paused = new Set<string>();

  constructor(store: Store, painter: Painter, maxWaiting = 100) {
    super();
    this.#store = store;
    this.#painter = painter;
    this.maxWaiting = maxWaiting;
  }

  get waitingCount() {
    return this.#waiting.length;
  }
  get activeCount() {
    return this.#active === undefined ? 0 : 1;
  }
  async add(job: NewJob) {
    if (this.#waiting.length >= this.maxWaiting) throw new TesseraError('queue_full', 'full');
    const added = this.#store.jobs.insert(job);
    if (added.isNew) {
      this.#waiting.push(added.job.id);
      this.#pump();
      this.emit('moved');
    }
    return added;
  }
  async cancel(jobId: string) {
    if (!this.#store.jobs.cancel(jobId)) return false;
    this.#waiting = this.#waiting.filter((id) => id !== jobId);
    if (this.#active?.id === jobId) {
      this.#active.abort.abort();
      await this.#active.done;
    }
    this.emit('cancelled', this.#job(jobId));
    return true;
  }
  place(jobId: string) {
    if (this.#active?.id === jobId) return { position: 0, waitingCount: this.#waiting.length, etaMs: 1000 };
    const index = this.#waiting.indexOf(jobId);
    if (index < 0) return undefined;
    return { position: index + 1, waitingCount: this.#waiting.length, etaMs: 2000 * (index + 2) };
  }
  snapshot() {
    return [...(this.#active ? [this.#active.id] : []), ...this.#waiting].map((jobId) => {
      const { guildId, userId } = this.#job(jobId).origin;
      return { jobId, guildId, userId, place: this.place(jobId) ?? { position: 0, waitingCount: 0, etaMs: 0 } };
    });
  }
  waitingCountOf(guildId: string | null, userId: string) {
    return this.#waiting.filter((id) => {
      const { origin } = this.#job(id);
      return origin.guildId === guildId && origin.userId === userId;
    }).length;
  }
  setPaused(guildId: string, paused: boolean) {
    if (paused) this.paused.add(guildId);
    else this.paused.delete(guildId);
    this.#pump();
  }
  async start() {
    this.#isRunning = true;
    for (const job of this.#store.jobs.unfinished()) {
      if (job.status === 'active') this.#store.jobs.requeue(job.id, { countAttempt: false });
      this.#waiting.push(job.id);
    }
    this.#pump();
    this.emit('moved');
  }
  async stop(graceMs: number) {
    this.#isRunning = false;
    const active = this.#active;
    if (active === undefined) return;
    await Promise.race([active.done, new Promise((resolve) => setTimeout(resolve, graceMs))]);
    if (this.#active !== active) return;
    active.abort.abort();
    await active.done;
    this.#store.jobs.requeue(active.id, { countAttempt: false });
    this.emit('requeued', this.#job(active.id));
  }

  #pump() {
    if (!this.#isRunning || this.#active !== undefined) return;
    const next = this.#waiting.find((id) => !this.paused.has(this.#job(id).origin.guildId ?? ''));
    if (next === undefined) return;
    this.#waiting = this.#waiting.filter((id) => id !== next);
    const abort = new AbortController();
    this.#active = { id: next, abort, done: Promise.resolve() };
    this.#active.done = this.#paint(next, abort.signal).finally(() => {
      this.#active = undefined;
      this.#pump();
      this.emit('moved');
    });
  }
  async #paint(id: string, signal: AbortSignal) {
    this.#store.jobs.markActive(id);
    const job = this.#job(id);
    this.emit('active', job);
    try {
      const result = await this.#painter.paint(
        {
          condition: this.#condition(job),
          count: job.count,
          seed: job.seed,
          sampling: job.sampling,
          previewEverySteps: 8,
        },
        { signal, onProgress: (progress) => this.emit('progress', this.#job(id), progress) },
      );
      const { name } = await this.#painter.summary();
      this.#store.jobs.complete(id, {
        bundle: name,
        embedding: result.embedding,
        pictures: result.pictures,
        paintMs: 5,
      });
      this.emit('completed', this.#job(id), result);
    } catch (error) {
      if (signal.aborted) return;
      this.#store.jobs.fail(id, error instanceof TesseraError ? error.code : 'unexpected');
      this.emit('failed', this.#job(id), error as Error);
    }
  }
  #condition(job: Job) {
    const { source, embedding } = job;
    if (source.kind === 'prompt' || embedding === null) {
      return { kind: 'text', prompt: job.prompt, ...(job.style !== null && { style: job.style }) } as const;
    }
    if (source.kind === 'embedding') return { kind: 'embedding', embedding } as const;
    const imageTokens = this.#job(job.parentJobId ?? '').pictures[source.parentIndex]?.imageTokens ?? new Uint16Array();
    return { kind: 'variation', embedding, imageTokens, strength: source.strength } as const;
  }
  #job(id: string): Job {
    const job = this.#store.jobs.get(id);
    if (job === undefined) throw new Error(`no job ${id}`);
    return job;
  }
}
