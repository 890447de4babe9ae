import { MessageFlags } from 'discord.js';
import { keep as keepJob, letGo } from '../../actions/keep.js';
import { translator } from '../../i18n/index.js';
import type { Control } from '../kit/control.js';

/** ⭐ Keeps a job or one of its pictures; a second press lets it go. */
export const keep = {
  action: 'keep',
  async press({ context, interaction, id, ask }) {
    const isNew = keepJob(context, ask, id.index ?? null);
    if (!isNew) {
      letGo(context, ask);
    }
    const content = translator(interaction.locale)(isNew ? 'keep.added' : 'keep.removed', { job: ask.job.id });
    await interaction.reply({ content, flags: MessageFlags.Ephemeral });
  },
} as const satisfies Control;
