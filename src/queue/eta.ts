/** Durations remembered for the mean: enough to be calm, few enough to follow a change of machine or bundle. */
const remembered = 32;
/** Used until something was measured. */
const firstGuessMs = 10_000;

/** How long a job takes, from the newest measured durations. */
export class PaintDurations {
  readonly #newest: number[];

  /** @param recentMs measured durations in ms, newest first, as the store gives them */
  constructor(recentMs: readonly number[] = []) {
    this.#newest = recentMs.slice(0, remembered);
  }

  record(paintMs: number): void {
    this.#newest.unshift(paintMs);
    this.#newest.length = Math.min(this.#newest.length, remembered);
  }

  /** Mean in ms. */
  get meanMs(): number {
    if (this.#newest.length === 0) {
      return firstGuessMs;
    }
    return this.#newest.reduce((sum, ms) => sum + ms, 0) / this.#newest.length;
  }
}

export interface RunningJob {
  readonly elapsedMs: number;
  /** 0–1 as the painter reported it; 0 while unknown. */
  readonly fraction: number;
}

/**
 * Milliseconds that a running job still needs: from its own progress once that says something (above a tenth), before
 * that from the mean. Never below a twentieth of the mean: a job that is late has not ended.
 */
export function remainingMs(job: RunningJob, meanMs: number): number {
  const left = job.fraction > 0.1 ? (job.elapsedMs / job.fraction) * (1 - job.fraction) : meanMs - job.elapsedMs;
  return Math.max(left, meanMs / 20);
}

/**
 * When each of `waitingCount` jobs, in their order, will be finished, in ms from now: every job goes to the slot that is
 * free first and takes the mean duration.
 */
export function finishTimesMs(
  waitingCount: number,
  slotCount: number,
  runningMs: readonly number[],
  meanMs: number,
): readonly number[] {
  const freeAt = Array.from({ length: Math.max(slotCount, 1) }, (_, i) => runningMs[i] ?? 0);
  return Array.from({ length: waitingCount }, () => {
    const earliest = freeAt.reduce((best, at, i) => (at < (freeAt[best] ?? 0) ? i : best), 0);
    const finished = (freeAt[earliest] ?? 0) + meanMs;
    freeAt[earliest] = finished;
    return finished;
  });
}
