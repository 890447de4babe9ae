import { imagine as paint, SIZES_PX } from '../actions/imagine.js';
import { acceptJob } from '../discord/kit/accept-job.js';
import { askOf } from '../discord/kit/asker-of.js';
import type { Command } from '../discord/kit/command.js';
import { named, slashCommand } from '../discord/kit/localise.js';
import { suggest } from '../discord/kit/suggest.js';
import { MAX_PICTURES, MAX_PROMPT_CHARS, MAX_SEED } from '../domain/bounds.js';

/** Pictures from words. */
export const imagine = {
  data: slashCommand('imagine')
    .addStringOption((o) => named(o, 'imagine.prompt').setRequired(true).setMinLength(1).setMaxLength(MAX_PROMPT_CHARS))
    .addIntegerOption((o) => named(o, 'imagine.count').setMinValue(1).setMaxValue(MAX_PICTURES))
    .addIntegerOption((o) => named(o, 'imagine.seed').setMinValue(0).setMaxValue(MAX_SEED))
    .addStringOption((o) => named(o, 'imagine.style').setMaxLength(100).setAutocomplete(true))
    .addIntegerOption((o) =>
      named(o, 'imagine.size').addChoices(...SIZES_PX.map((px) => ({ name: `${px} px`, value: px }))),
    ),

  async execute(context, interaction) {
    const { options } = interaction;
    const typed = {
      prompt: options.getString('prompt', true),
      style: options.getString('style'),
      count: options.getInteger('count'),
      seed: options.getInteger('seed'),
      sizePx: options.getInteger('size'),
    };
    const ask = askOf(context.store, interaction);
    await acceptJob(context, interaction, ask, () => paint(context, ask, typed));
  },

  async autocomplete(context, interaction) {
    const typed = interaction.options.getFocused().toLowerCase();
    const { styles } = await context.painter.summary();
    const matching = styles.filter((style) => style.toLowerCase().includes(typed));
    await suggest(
      interaction,
      matching.map((style) => ({ name: style, value: style })),
    );
  },
} as const satisfies Command;
