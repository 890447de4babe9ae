import type { ActionParts, JobAsk } from './ask.js';
import { assertMayEnd } from './find-job.js';

/**
 * Deletes a job; of one picture shown large (`index`) nothing but that message goes. Whoever asked for the job may, and
 * moderators.
 * @returns whether the job itself is gone
 * @throws LocalError
 */
export function deleteJob({ store }: ActionParts, { asker, job }: JobAsk, index: number | undefined): boolean {
  assertMayEnd(asker, job);
  if (index !== undefined) {
    return false;
  }
  store.jobs.markDeleted(job.id);
  return true;
}
