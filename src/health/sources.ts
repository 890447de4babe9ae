/** Where health and metrics look; functions, because most of it comes into being after the server does. */

import type { JobStatus } from '../domain/job.js';
import type { JobQueue } from '../queue/queue.js';

interface WorkerHealth {
  /** `ready` is good; `unusable` will not get better by itself. */
  readonly state: string;
  readonly pendingCount: number;
  readonly restartCount: number;
}

export interface HealthSources {
  /** Local painting processes; empty where remote machines paint. */
  readonly workers: () => readonly WorkerHealth[];
  /** Machines behind Redis; undefined where this one paints. */
  readonly remote: () => { readonly slots: number; readonly isReachable: boolean } | undefined;
  readonly gateway: () => { readonly isReady: boolean; readonly pingMs: number | null } | undefined;
  readonly queue: () => Pick<JobQueue, 'waitingCount' | 'activeCount'> | undefined;
  readonly isDatabaseWritable: () => boolean;
  readonly jobCounts: () => Readonly<Partial<Record<JobStatus, number>>>;
}
