import { TesseraError } from '../domain/errors.js';
import type { PaintResult } from '../painter/painter.js';
import type { JobRepository } from '../store/store.js';
import type { PaintDurations } from './eta.js';
import type { FairScheduler } from './fair-scheduler.js';
import type { JobRun, RunOutcome } from './job-run.js';
import type { QueueEvents } from './queue.js';
import type { QueueEmitter } from './queue-events.js';

const longestRetryDelayMs = 30_000;

export interface JobOutcomesOptions {
  readonly jobs: JobRepository;
  readonly scheduler: FairScheduler;
  readonly durations: PaintDurations;
  readonly events: QueueEmitter;
  readonly maxRetries: number;
  /** Before the first retry; doubled for each further one. */
  readonly retryDelayMs: number;
  readonly report: (error: unknown, message: string) => void;
}

/** What becomes of a job that has left its slot: written down first, told afterwards. */
export class JobOutcomes {
  readonly #options: JobOutcomesOptions;

  constructor(options: JobOutcomesOptions) {
    this.#options = options;
  }

  /**
   * Never throws: where the database refuses, the row stays as it is and the next start takes the job up again.
   * @returns a delay in ms when the job is to be tried again
   */
  settle(run: JobRun, outcome: RunOutcome): number | undefined {
    try {
      return this.#settle(run, outcome);
    } catch (error) {
      this.#options.report(error, `the outcome of job ${run.entry.id} could not be stored`);
      return undefined;
    }
  }

  /** Emits with the row as it is now. */
  tell(event: 'active' | 'cancelled' | 'requeued', jobId: string): void;
  tell(event: 'completed', jobId: string, result: PaintResult): void;
  tell(event: 'failed', jobId: string, error: Error): void;
  tell(event: keyof QueueEvents, jobId: string, detail?: unknown): void {
    const job = this.#options.jobs.get(jobId);
    if (job === undefined) return;
    const args = (detail === undefined ? [job] : [job, detail]) as QueueEvents[typeof event];
    this.#options.events.emit(event, ...args);
  }

  #settle(run: JobRun, outcome: RunOutcome): number | undefined {
    const { id } = run.entry;
    const { jobs, durations } = this.#options;
    switch (outcome.kind) {
      case 'completed': {
        const { bundle, paintMs, result } = outcome;
        const { embedding, sampling, pictures, words } = result;
        jobs.complete(id, { bundle, embedding, sampling, pictures, paintMs, unknownWords: words?.unknown ?? [] });
        durations.record(paintMs);
        this.tell('completed', id, result);
        return undefined;
      }
      case 'cancelled':
        if (jobs.cancel(id)) this.tell('cancelled', id);
        return undefined;
      case 'interrupted':
        this.#requeue(run, false);
        return undefined;
      case 'failed':
        return this.#fail(run, outcome.error);
    }
  }

  #fail(run: JobRun, error: Error): number | undefined {
    const { id } = run.entry;
    const { jobs, maxRetries, retryDelayMs, report } = this.#options;
    const attempts = jobs.get(id)?.attempts ?? 0;
    const isOurs = error instanceof TesseraError;
    if (isOurs && error.retryable && attempts < maxRetries) {
      this.#requeue(run, true);
      return Math.min(retryDelayMs * 2 ** attempts, longestRetryDelayMs);
    }
    if (!isOurs) report(error, `job ${id} failed unexpectedly`);
    jobs.fail(id, isOurs ? error.code : 'internal');
    this.tell('failed', id, error);
    return undefined;
  }

  #requeue(run: JobRun, countAttempt: boolean): void {
    this.#options.jobs.requeue(run.entry.id, { countAttempt });
    this.#options.scheduler.putBack(run.entry);
    this.tell('requeued', run.entry.id);
  }
}
