import { isPassing } from '../domain/errors.js';
import type { Job } from '../domain/job.js';
import type { Painter, PaintProgress, PaintResult } from '../painter/painter.js';
import type { JobRepository } from '../store/store.js';
import type { RunningJob } from './eta.js';
import type { FairEntry } from './fair-scheduler.js';
import { paintRequestOf } from './paint-request.js';

export interface JobRunOptions {
  readonly entry: FairEntry;
  readonly painter: Pick<Painter, 'paint' | 'summary'>;
  readonly jobs: Pick<JobRepository, 'get' | 'markActive'>;
  /** Told once the job is marked as being painted. */
  readonly onActive: (job: Job) => void;
  readonly onProgress: (job: Job, progress: PaintProgress) => void;
  readonly previewEverySteps: number;
  readonly clock: () => number;
}

export type RunOutcome =
  | { readonly kind: 'completed'; readonly result: PaintResult; readonly paintMs: number }
  /** Cut short by `cancel`. */
  | { readonly kind: 'cancelled' }
  /** Cut short by `interrupt`: the job itself is fine. */
  | { readonly kind: 'interrupted' }
  /** The database would not be told for now: nothing was painted. */
  | { readonly kind: 'notStarted' }
  /** `attempts`: how often it had been tried before. */
  | { readonly kind: 'failed'; readonly error: Error; readonly attempts: number };

/** One attempt at painting one job, for as long as it holds a slot. */
export class JobRun {
  readonly entry: FairEntry;
  /** Resolves when the slot is free again. */
  readonly released: Promise<void>;
  readonly #options: JobRunOptions;
  readonly #controller = new AbortController();
  readonly #startedAt: number;
  #release: () => void = () => undefined;
  #fraction = 0;
  #isCancelled = false;
  #isAbandoned = false;

  constructor(options: JobRunOptions) {
    this.entry = options.entry;
    this.#options = options;
    this.#startedAt = options.clock();
    this.released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** For the ETA. */
  get times(): RunningJob {
    return { elapsedMs: this.#options.clock() - this.#startedAt, fraction: this.#fraction };
  }

  /** Nobody waits for it any more: its outcome is to be thrown away. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#controller.abort();
  }

  interrupt(): void {
    this.#controller.abort();
  }

  abandon(): void {
    this.#isAbandoned = true;
  }

  release(): void {
    this.#release();
  }

  /** Paints. Never rejects, and settles only when the painter has let go. */
  async paint(): Promise<RunOutcome> {
    let attempts = 0;
    let hasStarted = false;
    try {
      const job = this.#options.jobs.markActive(this.entry.id);
      attempts = job.attempts;
      hasStarted = true;
      this.#options.onActive(job);
      const completed = await this.#ask(job);
      // Asked to stop and finished at the same moment: the owner was told that it is cancelled.
      return this.#isCancelled ? { kind: 'cancelled' } : completed;
    } catch (error) {
      if (this.#isCancelled) {
        return { kind: 'cancelled' };
      }
      if (this.#controller.signal.aborted) {
        return { kind: 'interrupted' };
      }
      if (!hasStarted && isPassing(error)) {
        return { kind: 'notStarted' };
      }
      return { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)), attempts };
    }
  }

  async #ask(job: Job): Promise<RunOutcome> {
    const { painter, jobs, previewEverySteps, onProgress } = this.#options;
    const { signal } = this.#controller;
    const { id: bundle } = await painter.summary();
    signal.throwIfAborted();
    const request = paintRequestOf(job, { bundle, previewEverySteps, parentOf: (parentId) => jobs.get(parentId) });
    const startedAt = performance.now();
    const result = await painter.paint(request, {
      signal,
      onProgress: (progress) => {
        if (this.#isAbandoned) {
          return;
        }
        this.#fraction = progress.fraction;
        onProgress(job, progress);
      },
    });
    return { kind: 'completed', result, paintMs: performance.now() - startedAt };
  }
}
