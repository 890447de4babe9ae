import { MessageFlags } from 'discord.js';
import { deleteJob } from '../../actions/delete.js';
import { translator } from '../../i18n/index.js';
import type { Control } from '../kit/control.js';

/** ❌ Deletes the message, and with it the job; under one large picture, that message alone. */
export const deleteControl = {
  action: 'delete',
  async press({ context, interaction, id, ask }) {
    const isJobGone = deleteJob(context, ask, id.index);
    await interaction.deferUpdate();
    try {
      await interaction.deleteReply();
    } catch (error) {
      // Somebody was faster, or the message is out of reach: the job is deleted all the same.
      context.logger.debug({ err: error, jobId: ask.job.id }, 'a message could not be deleted');
    }
    if (!isJobGone) {
      return;
    }
    const content = translator(interaction.locale)('delete.done', { job: ask.job.id });
    await interaction.followUp({ content, flags: MessageFlags.Ephemeral });
  },
} as const satisfies Control;
