import { isPassing, TesseraError } from '../domain/errors.js';
import type { JobRepository } from '../store/store.js';
import type { PaintDurations } from './eta.js';
import type { FairScheduler } from './fair-scheduler.js';
import type { JobRun, RunOutcome } from './job-run.js';
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
   * Never throws: where the database refuses for good, the row stays as it is and the next start takes the job up again.
   * @returns a delay in ms when the job is to be tried again; `later` when the database refuses for now: the outcome is
   * to be kept, and settled again
   */
  settle(run: JobRun, outcome: RunOutcome): number | undefined | 'later' {
    try {
      return this.#settle(run, outcome);
    } catch (error) {
      if (isPassing(error)) {
        return 'later';
      }
      this.#options.report(error, `the outcome of job ${run.entry.id} could not be stored`);
      return undefined;
    }
  }

  #settle(run: JobRun, outcome: RunOutcome): number | undefined {
    const { id } = run.entry;
    const { jobs, durations, events } = this.#options;
    switch (outcome.kind) {
      case 'completed': {
        const { paintMs, result } = outcome;
        const { embedding, sampling, pictures, words } = result;
        const job = jobs.complete(id, { embedding, sampling, pictures, paintMs, unknownWords: words?.unknown ?? [] });
        durations.record(paintMs);
        events.emit('completed', job, result);
        return undefined;
      }
      case 'cancelled': {
        const job = jobs.cancel(id);
        if (job !== undefined) {
          events.emit('cancelled', job);
        }
        return undefined;
      }
      case 'interrupted':
        this.#requeue(run, false);
        return undefined;
      case 'notStarted':
        this.#requeue(run, false);
        return this.#options.retryDelayMs;
      case 'failed':
        return this.#fail(run, outcome.error, outcome.attempts);
    }
  }

  #fail(run: JobRun, error: Error, attempts: number): number | undefined {
    const { id } = run.entry;
    const { jobs, events, maxRetries, retryDelayMs, report } = this.#options;
    const isOurs = error instanceof TesseraError;
    if (isPassing(error) && attempts < maxRetries) {
      this.#requeue(run, true);
      return Math.min(retryDelayMs * 2 ** attempts, longestRetryDelayMs);
    }
    if (!isOurs) {
      report(error, `job ${id} failed unexpectedly`);
    }
    events.emit('failed', jobs.fail(id, isOurs ? error.code : 'internal'), error);
    return undefined;
  }

  #requeue(run: JobRun, countAttempt: boolean): void {
    const { jobs, scheduler, events } = this.#options;
    const job = jobs.requeue(run.entry.id, { countAttempt });
    scheduler.putBack(run.entry);
    events.emit('requeued', job);
  }
}
