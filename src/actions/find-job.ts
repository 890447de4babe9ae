import type { Asker } from '../domain/asker.js';
import type { Job } from '../domain/job.js';
import type { Store } from '../store/store.js';
import { settingsOf } from './guards/guards.js';
import { LocalError } from './local-error.js';

/**
 * The job behind a control, if the asker may know of it. A job of another server, of somebody else's direct messages, a
 * deleted one and one that never was look alike: whoever guesses ids learns nothing.
 * @throws LocalError
 */
export function findJob(store: Store, asker: Asker, jobId: string): Job {
  const job = store.jobs.get(jobId);
  if (job === undefined || !isVisible(job, asker)) throw jobGone();
  return job;
}

/** The same, and its pictures are there. */
export function findFinishedJob(store: Store, asker: Asker, jobId: string): Job {
  const job = findJob(store, asker, jobId);
  if (job.status === 'waiting' || job.status === 'active') {
    throw new LocalError('not_finished', (t) => t('error.notFinished'));
  }
  if (job.status !== 'completed') throw new LocalError('no_pictures', (t) => t('error.noPictures'));
  return job;
}

/** Whether the server lets this member press buttons under this job. @throws LocalError */
export function assertMayPress(store: Store, asker: Asker, job: Job): void {
  if (settingsOf(store, asker.guildId).buttons === 'anyone') return;
  if (job.origin.userId !== asker.userId && !asker.isModerator) throw notYours(job);
}

/** Deleting and cancelling: whoever asked, or a moderator. @throws LocalError */
export function assertMayEnd(asker: Asker, job: Job): void {
  if (job.origin.userId !== asker.userId && !asker.mayDelete) throw notYours(job);
}

export function isVisible(job: Job, asker: Asker): boolean {
  if (job.deletedAt !== null || job.origin.guildId !== asker.guildId) return false;
  return asker.guildId !== null || job.origin.channelId === asker.channelId || job.origin.userId === asker.userId;
}

function jobGone(): LocalError {
  return new LocalError('job_gone', (t) => t('error.jobGone'));
}

function notYours(job: Job): LocalError {
  return new LocalError('not_yours', (t) => t('error.notYours', { user: `<@${job.origin.userId}>` }));
}
