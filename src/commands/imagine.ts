import type { ChatInputCommandInteraction } from 'discord.js';
import { LocalError } from '../actions/local-error.js';
import {
  allowedCount,
  checkPrompt,
  DEFAULT_COUNT,
  MAX_PROMPT_CHARS,
  MAX_SEED,
  randomSeed,
  requestJob,
} from '../actions/request-job.js';
import { askerOf } from '../discord/kit/asker-of.js';
import type { Command } from '../discord/kit/command.js';
import type { Context } from '../discord/kit/context.js';
import { MAX_PICTURES } from '../discord/kit/custom-id.js';
import { named, slashCommand } from '../discord/kit/localise.js';
import { safeText } from '../discord/kit/safe-text.js';
import { suggest } from '../discord/kit/suggest.js';

const SIZES_PX = [64, 128, 256, 512] as const;

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
    const prompt = checkPrompt(options.getString('prompt', true));
    await requestJob(context, interaction, {
      source: { kind: 'prompt' },
      embedding: null,
      parentJobId: null,
      prompt,
      style: await readStyle(context, options.getString('style')),
      count: readCount(context, interaction),
      seed: readSeed(interaction),
      sizePx: readSize(options.getInteger('size')),
      sampling: {},
    });
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

/** Discord checks the bounds in its clients; what arrives is checked again. */
export function readCount({ store }: Context, interaction: ChatInputCommandInteraction): number {
  const count = interaction.options.getInteger('count') ?? allowedCount(store, askerOf(interaction), DEFAULT_COUNT);
  if (!Number.isInteger(count) || count < 1 || count > MAX_PICTURES) {
    throw new LocalError('bad_count', (t) => t('guard.pictures', { max: MAX_PICTURES }));
  }
  return count;
}

export function readSeed(interaction: ChatInputCommandInteraction): number {
  const seed = interaction.options.getInteger('seed') ?? randomSeed();
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED)
    throw new LocalError('bad_seed', (t) => t('error.badSeed'));
  return seed;
}

function readSize(sizePx: number | null): number | null {
  if (sizePx === null) return null;
  const known = SIZES_PX.find((px) => px === sizePx);
  if (known === undefined) throw new LocalError('bad_size', (t) => t('error.malformed'));
  return known;
}

async function readStyle(context: Context, wanted: string | null): Promise<string | null> {
  if (wanted === null || wanted.trim() === '') return null;
  const { styles } = await context.painter.summary();
  const style = styles.find((known) => known.toLowerCase() === wanted.trim().toLowerCase());
  if (style !== undefined) return style;
  throw new LocalError('unknown_style', (t) =>
    t('error.unknownStyle', { style: safeText(wanted, 100), styles: styles.join(', ') || '—' }),
  );
}
