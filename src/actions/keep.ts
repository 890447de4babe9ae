import type { ActionParts, JobAsk } from './ask.js';
import { assertFinished } from './find-job.js';

/** Keeps a job, or one of its pictures, for whoever asks: anybody may. False when it was kept already. @throws LocalError */
export function keep({ store }: ActionParts, { asker, job }: JobAsk, index: number | null): boolean {
  assertFinished(job);
  return store.keeps.add(job.id, asker.userId, index);
}

/** Lets go whatever the asker kept of a job. */
export function letGo({ store }: ActionParts, { asker, job }: JobAsk): void {
  store.keeps.remove(job.id, asker.userId);
}
