import { MessageFlags } from 'discord.js';
import { assertMayEnd, findJob } from '../../actions/find-job.js';
import { translator } from '../../i18n/index.js';
import { askerOf } from '../kit/asker-of.js';
import type { Control } from '../kit/control.js';

/** ❌ Deletes the message, and with it the job; under one large picture, that message alone. */
export const deleteControl = {
  action: 'delete',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findJob(context.store, asker, id.jobId);
    assertMayEnd(asker, job);
    await interaction.deferUpdate();
    if (id.index === undefined) context.store.jobs.markDeleted(job.id);
    try {
      await interaction.deleteReply();
    } catch (error) {
      // Somebody was faster, or the message is out of reach: the job is deleted all the same.
      context.logger.debug({ err: error, jobId: job.id }, 'a message could not be deleted');
    }
    if (id.index !== undefined) return;
    const content = translator(interaction.locale)('delete.done', { job: job.id });
    await interaction.followUp({ content, flags: MessageFlags.Ephemeral });
  },
} as const satisfies Control;
