import type { Attachment } from 'discord.js';
import { assertMayWish } from '../../actions/guards/guards.js';
import { checkCount, checkSeed } from '../../actions/imagine.js';
import { readUpload, varyUpload } from '../../actions/vary.js';
import { translator } from '../../i18n/index.js';
import { acceptJob } from './accept-job.js';
import { askOf } from './asker-of.js';
import type { Answerable, Context } from './context.js';
import { textMessage } from './job-message.js';
import { safeText, shorten } from './safe-text.js';

const MAX_PHRASES = 8;

type Upload = Pick<Attachment, 'url' | 'size'>;

/**
 * Paints from an uploaded picture: its CLIP embedding is the condition. The guards come first, and the answer before the
 * download, which may take longer than Discord waits.
 */
export async function paintFromUpload(
  context: Context,
  interaction: Answerable,
  upload: Upload,
  typed: { readonly count: number | null; readonly seed: number | null },
): Promise<void> {
  const ask = askOf(context.store, interaction);
  const wish = { count: checkCount(ask, typed.count), seed: checkSeed(typed.seed) };
  assertMayWish(context, ask, { prompt: '', count: wish.count });
  await interaction.deferReply();
  const bytes = await context.download(upload);
  const read = () => context.quick.run(ask.asker, () => context.painter.embedImage(bytes));
  const embedding = await readUpload(read);
  await acceptJob(context, interaction, ask, () => varyUpload(context, ask, embedding, wish));
}

/** Says what a picture shows. */
export async function describeUpload(context: Context, interaction: Answerable, upload: Upload): Promise<void> {
  const ask = askOf(context.store, interaction);
  context.quick.admit(ask);
  await interaction.deferReply();
  const bytes = await context.download(upload);
  const read = () => context.quick.run(ask.asker, () => context.painter.describe(bytes, MAX_PHRASES));
  const phrases = await readUpload(read);
  const t = translator(interaction.locale);
  const lines = phrases.map(({ text, fit }) => `\`${fit.toFixed(2)}\` ${safeText(text, 200)}`);
  await interaction.editReply({
    ...textMessage(''),
    embeds: [{ title: t('describe.title'), description: shorten(lines.join('\n'), 4000) || t('describe.none') }],
  });
}
