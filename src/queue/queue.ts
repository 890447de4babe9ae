/** The queue as the bot sees it. */

import type { Job, NewJob } from '../domain/job.js';
import type { PaintProgress, PaintResult } from '../painter/painter.js';

export interface QueuePlace {
  /** 1 is next; 0 while it is painted. */
  readonly position: number;
  readonly waitingCount: number;
  /** Expected wait until the pictures are there, from measured durations. */
  readonly etaMs: number;
}

export interface QueueLimits {
  /** Waiting jobs in all; one more is refused with a QueueFullError. */
  readonly maxWaiting: number;
  /** Times a job is tried again after a retryable error. */
  readonly maxRetries: number;
}

/** Listeners get the stored row as it is after the change. */
export interface QueueEvents {
  /** Places moved: whoever shows a position may show it anew. */
  moved: [];
  /** Stored, or found in the store after a restart, and waiting. */
  added: [job: Job];
  active: [job: Job];
  progress: [job: Job, progress: PaintProgress];
  completed: [job: Job, result: PaintResult];
  failed: [job: Job, error: Error];
  cancelled: [job: Job];
  /** Painting was cut short by a shutdown or a lost worker; the job waits again. */
  requeued: [job: Job];
}

export interface JobQueue {
  /** Stores and enqueues; resolves once the row is written. A repeated interaction returns its first job with `isNew: false`. */
  add(
    job: NewJob,
    weights?: { readonly guild: number; readonly member: number },
  ): Promise<{ readonly job: Job; readonly isNew: boolean }>;
  /** Waiting or painting; false when it had ended already. Resolves when the slot is really free. */
  cancel(jobId: string): Promise<boolean>;
  place(jobId: string): QueuePlace | undefined;
  /** Waiting jobs in the order in which they will be painted, painting ones first. */
  snapshot(): readonly {
    readonly jobId: string;
    readonly guildId: string | null;
    readonly userId: string;
    readonly place: QueuePlace;
  }[];
  waitingCountOf(guildId: string | null, userId: string): number;
  /** A paused server's jobs wait; everybody else's go on. */
  setPaused(guildId: string, paused: boolean): void;
  /** Resolves once nothing is painted and no slot has anything to take: what waits then is held, or has no slot. */
  idle(): Promise<void>;
  readonly waitingCount: number;
  readonly activeCount: number;
  /** Takes up waiting and active jobs from the store and starts painting. */
  start(): Promise<void>;
  /** Stops taking work, lets painting jobs finish within `graceMs`, re-queues the rest. */
  stop(graceMs: number): Promise<void>;
  on<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): this;
  off<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): this;
}
