import { MessageFlags } from 'discord.js';
import type { Command } from '../discord/kit/command.js';
import { slashCommand } from '../discord/kit/localise.js';
import { translator } from '../i18n/index.js';

const LISTED = ['imagine', 'show', 'queue', 'describe', 'vary', 'info', 'limits'] as const;

/** What there is, in a few lines. */
export const help = {
  data: slashCommand('help'),
  async execute(_context, interaction) {
    const t = translator(interaction.locale);
    const lines = LISTED.map((name) => `**/${name}** ${t(`help.${name}`)}`);
    await interaction.reply({
      embeds: [{ title: t('help.title'), description: `${lines.join('\n')}\n\n${t('help.buttons')}` }],
      flags: MessageFlags.Ephemeral,
    });
  },
} as const satisfies Command;
