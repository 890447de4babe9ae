import { rerollOf } from '../../actions/derive.js';
import { assertMayPress, findFinishedJob } from '../../actions/find-job.js';
import { guardPermissions } from '../../actions/guards/guards.js';
import { LocalError } from '../../actions/local-error.js';
import { DEFAULT_MAX_BYTES, renderPicture } from '../../actions/render-job.js';
import { requestJob } from '../../actions/request-job.js';
import type { Job } from '../../domain/job.js';
import { translator } from '../../i18n/index.js';
import { askerOf } from '../kit/asker-of.js';
import type { Context } from '../kit/context.js';
import type { Control, Pressed } from '../kit/control.js';
import { file, textMessage } from '../kit/job-message.js';
import { BATCH_SIZES, SEPARATE } from '../kit/rows.js';
import { visibleText } from '../kit/safe-text.js';

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
