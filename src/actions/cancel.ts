import type { ActionParts, JobAsk } from './ask.js';
import { LocalError } from './local-error.js';

/** Ends a job that waits or is painted; resolves once its slot is free. @throws LocalError when it had ended already */
export async function cancel({ queue }: ActionParts, { job }: JobAsk): Promise<void> {
  if (!(await queue.cancel(job.id))) {
    throw new LocalError('too_late', (t) => t('cancel.tooLate'));
  }
}
