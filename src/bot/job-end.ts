import { failedText, finishedMessage, type JobMessage, textMessage } from '../controls/job-message.js';
import { LocalError } from '../controls/local-error.js';
import { renderJob } from '../controls/render-job.js';
import { PictureTooLargeError } from '../errors.js';
import { translator } from '../i18n/index.js';
import type { Painter } from '../pipeline/types.js';
import type { Job } from '../store/types.js';
import { isTooLarge, type Outcome } from './delivery.js';

/** Each try is allowed half of the bytes of the one before. */
const MAX_TRIES = 4;

/**
 * Sends the end of a job: its pictures, re-encoded smaller for as long as Discord finds them too large, or why there
 * are none.
 */
export async function sendEnd(
  painter: Painter,
  job: Job,
  maxBytes: number,
  send: (message: JobMessage) => Promise<Outcome>,
): Promise<Outcome> {
  const t = translator(job.origin.locale);
  if (job.status === 'failed') return send(textMessage(failedText(job, t)));
  if (job.status === 'cancelled') return send(textMessage(t('job.cancelled', { job: job.id })));
  let allowedBytes = maxBytes;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    try {
      const picture = await renderJob(painter, job, allowedBytes);
      return await send(finishedMessage(job, picture, t));
    } catch (error) {
      if (error instanceof PictureTooLargeError) break;
      if (error instanceof LocalError) return send(textMessage(error.text(t)));
      if (!isTooLarge(error)) throw error;
      allowedBytes = Math.floor(allowedBytes / 2);
    }
  }
  return send(textMessage(t('error.tooLargeToSend', { job: job.id })));
}
