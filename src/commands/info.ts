import { version as libraryVersion, MessageFlags } from 'discord.js';
import { askerOf } from '../controls/asker-of.js';
import { safeText, shorten } from '../controls/safe-text.js';
import { settingsOf } from '../guards/guards.js';
import { effectiveLimits } from '../guards/limits.js';
import { translator } from '../i18n/index.js';
import type { Command } from './command.js';
import { limitLines } from './limit-lines.js';
import { slashCommand } from './localise.js';

const MAX_FIELD_CHARS = 1024;

/** The model card in short, what applies to whoever asks, and what runs here. */
export const info = {
  data: slashCommand('info'),

  async execute(context, interaction) {
    const asker = askerOf(interaction);
    const t = translator(interaction.locale);
    const model = await context.painter.summary();
    const limits = effectiveLimits(settingsOf(context.store, asker.guildId), asker.roleIds);
    const { temperature, topK, topP, guidanceScale, candidateCount } = model.sampling;
    const metrics = Object.entries(model.metrics).map(([name, value]) => `${name}: ${value}`);
    const fields = [
      { name: t('info.model'), value: `${model.name} ${model.version}`, inline: true },
      { name: t('info.licence'), value: safeText(model.licence, 200), inline: true },
      { name: t('info.size'), value: `${model.pictureSizePx} px`, inline: true },
      { name: t('info.styles'), value: model.styles.join(', ') || '—' },
      {
        name: t('info.sampling'),
        value: `temperature ${temperature} · top-k ${topK} · top-p ${topP} · guidance ${guidanceScale} · ${candidateCount} candidates`,
      },
      { name: t('info.metrics'), value: metrics.slice(0, 20).join('\n') || '—' },
      { name: t('info.limits'), value: limitLines(limits, t).join('\n') },
      {
        name: t('info.versions'),
        value: `Tessera ${context.version} · discord.js ${libraryVersion} · Node.js ${process.versions.node}`,
      },
    ];
    await interaction.reply({
      embeds: [
        { title: t('info.title'), fields: fields.map((f) => ({ ...f, value: shorten(f.value, MAX_FIELD_CHARS) })) },
      ],
      flags: MessageFlags.Ephemeral,
    });
  },
} as const satisfies Command;
