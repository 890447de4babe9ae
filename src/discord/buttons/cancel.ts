import { assertMayEnd, findJob } from '../../actions/find-job.js';
import { LocalError } from '../../actions/local-error.js';
import { translator } from '../../i18n/index.js';
import { askerOf } from '../kit/asker-of.js';
import type { Control } from '../kit/control.js';
import { textMessage } from '../kit/job-message.js';

/** Cancel, while a job waits or is painted. The queue tells the reporter, which edits the job's own message. */
export const cancel = {
  action: 'cancel',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findJob(context.store, asker, id.jobId);
    assertMayEnd(asker, job);
    // First the answer: the slot of a job that is being painted takes a moment to be free.
    await interaction.deferUpdate();
    const isCancelled = await context.queue.cancel(job.id);
    if (!isCancelled) throw new LocalError('too_late', (t) => t('cancel.tooLate'));
    // Pressed in /queue: that list is another message than the job's own.
    if (
      interaction.message.id === job.messageId ||
      interaction.message.id === context.store.jobs.get(job.id)?.messageId
    )
      return;
    await interaction.editReply(textMessage(translator(interaction.locale)('job.cancelled', { job: job.id })));
  },
} as const satisfies Control;
