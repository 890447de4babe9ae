import { guardPermissions } from '../guards/guards.js';
import { translator } from '../i18n/index.js';
import type { Job } from '../store/types.js';
import { askerOf } from './asker-of.js';
import { BATCH_SIZES, SEPARATE } from './buttons.js';
import type { Context } from './context.js';
import type { Control, Pressed } from './control.js';
import { rerollOf } from './derive.js';
import { assertMayPress, findFinishedJob } from './find-job.js';
import { file, textMessage } from './job-message.js';
import { LocalError } from './local-error.js';
import { DEFAULT_MAX_BYTES, renderPicture } from './render-job.js';
import { requestJob } from './request-job.js';
import { visibleText } from './safe-text.js';

/** Files that one message may have. */
const MAX_FILES = 10;

/** The "More…" menu: again with a larger batch, or the pictures one by one. */
export const more = {
  action: 'more',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findFinishedJob(context.store, asker, id.jobId);
    assertMayPress(context.store, asker, job);
    const value = interaction.isStringSelectMenu() ? interaction.values[0] : undefined;
    if (value === SEPARATE) {
      const refusal = guardPermissions(asker);
      if (refusal !== undefined) throw new LocalError('refused', refusal);
      return sendSeparately(context, interaction, job);
    }
    const count = BATCH_SIZES.find((size) => String(size) === value);
    if (count === undefined) throw new LocalError('bad_control', (t) => t('error.badControl'));
    await requestJob(context, interaction, await rerollOf(context.painter, job, count));
  },
} as const satisfies Control;

async function sendSeparately(context: Context, interaction: Pressed, job: Job): Promise<void> {
  await interaction.deferReply();
  const t = translator(interaction.locale);
  const pictures = job.pictures.slice(0, MAX_FILES);
  const maxBytes = (interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES) / pictures.length;
  const { pictureSizePx } = await context.painter.summary();
  const files = [];
  for (const [index] of pictures.entries()) {
    const picture = await renderPicture(context.painter, job, index, { sizePx: job.sizePx ?? pictureSizePx, maxBytes });
    const alt = t('alt.picture', { index: index + 1, prompt: visibleText(job.prompt) || '—' });
    files.push(file(picture.png, `tessera-${job.id}-${index + 1}.png`, alt));
  }
  await interaction.editReply({ ...textMessage(`${t('field.job')} \`${job.id}\``), files });
}
