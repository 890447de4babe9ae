import type { Asker } from '../domain/asker.js';
import type { Job } from '../domain/job.js';
import type { Store } from '../store/store.js';
import type { JobAsk } from './ask.js';
import { LocalError } from './local-error.js';

/**
 * The job that was meant, if the asker may know of it. A job of another server, of somebody else's direct messages, a
 * deleted one and one that never was look alike: whoever guesses ids learns nothing.
 * @throws LocalError
 */
export function findJob(store: Pick<Store, 'jobs'>, asker: Asker, jobId: string): Job {
  const job = store.jobs.get(jobId);
  if (job === undefined || !isVisible(job, asker)) {
    throw new LocalError('job_gone', (t) => t('error.jobGone'));
  }
  return job;
}

export function isVisible(job: Job, asker: Asker): boolean {
  if (job.deletedAt !== null || job.origin.guildId !== asker.guildId) {
    return false;
  }
  return asker.guildId !== null || job.origin.channelId === asker.channelId || job.origin.userId === asker.userId;
}

/** Its pictures are there. @throws LocalError */
export function assertFinished({ status }: Job): void {
  if (status === 'waiting' || status === 'active') {
    throw new LocalError('not_finished', (t) => t('error.notFinished'));
  }
  if (status !== 'completed') {
    throw new LocalError('no_pictures', (t) => t('error.noPictures'));
  }
}

/** Whether the server lets this member press buttons under this job. @throws LocalError */
export function assertMayPress({ asker, settings, job }: JobAsk): void {
  if (settings.buttons === 'anyone') {
    return;
  }
  if (job.origin.userId !== asker.userId && !asker.isModerator) {
    throw notYours(job);
  }
}

/** Deleting and cancelling: whoever asked, or a moderator. @throws LocalError */
export function assertMayEnd(asker: Asker, job: Job): void {
  if (job.origin.userId !== asker.userId && !asker.mayDelete) {
    throw notYours(job);
  }
}

function notYours(job: Job): LocalError {
  return new LocalError('not_yours', (t) => t('error.notYours', { user: `<@${job.origin.userId}>` }));
}
