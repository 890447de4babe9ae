import type { Attachment } from 'discord.js';
import { guardWish } from '../../actions/guards/guards.js';
import { LocalError } from '../../actions/local-error.js';
import { randomSeed, requestJob } from '../../actions/request-job.js';
import { InputError } from '../../domain/errors.js';
import { translator } from '../../i18n/index.js';
import { askerOf } from './asker-of.js';
import type { Answerable, Context } from './context.js';
import { textMessage } from './job-message.js';
import { safeText, shorten } from './safe-text.js';

const MAX_PHRASES = 8;

/**
 * Paints from an uploaded picture: its CLIP embedding is the condition, so the picture itself is never stored.
 * The guards come first, and the answer before the download, which may take longer than Discord waits.
 */
export async function varyUpload(
  context: Context,
  interaction: Answerable,
  upload: Pick<Attachment, 'url' | 'size'>,
  wish: { readonly count: number; readonly seed?: number },
): Promise<void> {
  const refusal = guardWish(context, askerOf(interaction), { prompt: '', count: wish.count });
  if (refusal !== undefined) throw new LocalError('refused', refusal);
  await interaction.deferReply();
  const embedding = await readPicture(context, upload, (bytes) => context.painter.embedImage(bytes));
  await requestJob(context, interaction, {
    source: { kind: 'embedding' },
    embedding,
    parentJobId: null,
    prompt: '',
    style: null,
    count: wish.count,
    seed: wish.seed ?? randomSeed(),
    sizePx: null,
    sampling: {},
  });
}

/** Says what a picture shows. */
export async function describeUpload(
  context: Context,
  interaction: Answerable,
  upload: Pick<Attachment, 'url' | 'size'>,
): Promise<void> {
  await interaction.deferReply();
  const phrases = await readPicture(context, upload, (bytes) => context.painter.describe(bytes, MAX_PHRASES));
  const t = translator(interaction.locale);
  const lines = phrases.map(({ text, fit }) => `\`${fit.toFixed(2)}\` ${safeText(text, 200)}`);
  await interaction.editReply({
    ...textMessage(''),
    embeds: [{ title: t('describe.title'), description: shorten(lines.join('\n'), 4000) || t('describe.none') }],
  });
}

/** Bytes that are no picture are the member's doing; everything else is ours. */
async function readPicture<T>(
  context: Context,
  upload: Pick<Attachment, 'url' | 'size'>,
  read: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  const bytes = await context.download(upload);
  try {
    return await read(bytes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new LocalError('bad_picture', (t) => t('error.badPicture'), { cause: error });
  }
}
