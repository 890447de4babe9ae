import { LocalError } from '../../actions/local-error.js';
import { renderJob } from '../../actions/render-job.js';
import type { Job } from '../../domain/job.js';
import { translator } from '../../i18n/index.js';
import type { Painter } from '../../painter/painter.js';
import { failedText, finishedMessage, type JobMessage, textMessage } from '../kit/job-message.js';
import { sendFitting } from '../kit/send-fitting.js';
import type { Outcome } from './delivery.js';

/**
 * Sends the end of a job: its pictures, re-encoded smaller for as long as Discord finds them too large, or why there
 * are none.
 */
export async function sendEnd(
  painter: Painter,
  job: Job,
  limits: { readonly maxBytes: number; readonly maxPictures: number },
  send: (message: JobMessage) => Promise<Outcome>,
): Promise<Outcome> {
  const t = translator(job.origin.locale);
  if (job.status === 'failed') {
    return send(textMessage(failedText(job, t)));
  }
  if (job.status === 'cancelled') {
    return send(textMessage(t('job.cancelled', { job: job.id })));
  }
  try {
    return await sendFitting(
      job.id,
      limits.maxBytes,
      (maxBytes) => renderJob(painter, job, maxBytes),
      (picture) => send(finishedMessage(job, picture, t, limits.maxPictures)),
    );
  } catch (error) {
    if (!(error instanceof LocalError)) {
      throw error;
    }
    return send(textMessage(error.text(t)));
  }
}
