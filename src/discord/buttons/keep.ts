import { MessageFlags } from 'discord.js';
import { findFinishedJob } from '../../actions/find-job.js';
import { translator } from '../../i18n/index.js';
import { askerOf } from '../kit/asker-of.js';
import type { Control } from '../kit/control.js';

/** ⭐ Keeps a job (or one of its pictures) for whoever pressed; a second press lets it go. Anybody may keep. */
export const keep = {
  action: 'keep',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findFinishedJob(context.store, asker, id.jobId);
    const t = translator(interaction.locale);
    const isNew = context.store.keeps.add(job.id, asker.userId, id.index ?? null);
    if (!isNew) context.store.keeps.remove(job.id, asker.userId);
    const content = isNew ? t('keep.added', { job: job.id }) : t('keep.removed', { job: job.id });
    await interaction.reply({ content, flags: MessageFlags.Ephemeral });
  },
} as const satisfies Control;
