import { finishTimesMs, type PaintDurations, type RunningJob, remainingMs } from './eta.js';
import type { FairEntry, FairScheduler } from './fair-scheduler.js';
import type { QueuePlace } from './queue.js';

/** ETAs are computed for all at once, and again after this time or after a change. */
const freshForMs = 1000;

export interface QueuePlacesOptions {
  readonly scheduler: FairScheduler;
  readonly durations: PaintDurations;
  readonly running: () => readonly RunningJob[];
  readonly slotCount: () => number;
  readonly clock: () => number;
}

interface View {
  readonly order: readonly FairEntry[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly finishMs: readonly number[];
  readonly madeAt: number;
}

/**
 * Position and ETA of every waiting job. Looking ahead costs O(waiting × log parties), so one look serves everybody who
 * asks until something changes.
 */
export class QueuePlaces {
  readonly #options: QueuePlacesOptions;
  #view: View | undefined;

  constructor(options: QueuePlacesOptions) {
    this.#options = options;
  }

  /** To be called after every change of what waits or is painted. */
  invalidate(): void {
    this.#view = undefined;
  }

  /** Jobs of a paused server stand behind all others, as if it were resumed then. */
  order(): readonly FairEntry[] {
    return this.#look().order;
  }

  ofWaiting(jobId: string): QueuePlace | undefined {
    const view = this.#look();
    const index = view.indexOf.get(jobId);
    if (index === undefined) {
      return undefined;
    }
    return { position: index + 1, waitingCount: view.order.length, etaMs: Math.round(view.finishMs[index] ?? 0) };
  }

  ofRunning(job: RunningJob): QueuePlace {
    const etaMs = Math.round(remainingMs(job, this.#options.durations.meanMs));
    return { position: 0, waitingCount: this.#options.scheduler.size, etaMs };
  }

  #look(): View {
    const { scheduler, durations, running, slotCount, clock } = this.#options;
    const now = clock();
    const last = this.#view;
    if (last !== undefined && now - last.madeAt < freshForMs) {
      return last;
    }
    const order = last?.order ?? scheduler.order();
    const indexOf = last?.indexOf ?? new Map(order.map((entry, index) => [entry.id, index]));
    const { meanMs } = durations;
    const runningMs = running().map((job) => remainingMs(job, meanMs));
    const finishMs = finishTimesMs(order.length, slotCount(), runningMs, meanMs);
    this.#view = { order, indexOf, finishMs, madeAt: now };
    return this.#view;
  }
}
