import { cancel as cancelJob } from '../../actions/cancel.js';
import { assertMayEnd } from '../../actions/find-job.js';
import { translator } from '../../i18n/index.js';
import type { Control } from '../kit/control.js';
import { textMessage } from '../kit/job-message.js';

/** Cancel, while a job waits or is painted. The queue tells the reporter, which edits the job's own message. */
export const cancel = {
  action: 'cancel',
  async press({ context, interaction, ask }) {
    const { job } = ask;
    assertMayEnd(ask.asker, job);
    // First the answer: the slot of a job that is being painted takes a moment to be free.
    await interaction.deferUpdate();
    await cancelJob(context, ask);
    const own = context.store.jobs.get(job.id)?.messageId ?? job.messageId;
    if (interaction.message.id === own) {
      return;
    }
    // Pressed in /queue: that list is another message than the job's own.
    await interaction.editReply(textMessage(translator(interaction.locale)('job.cancelled', { job: job.id })));
  },
} as const satisfies Control;
