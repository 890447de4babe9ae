import { assertMayPress, findFinishedJob } from '../../actions/find-job.js';
import { guardPermissions } from '../../actions/guards/guards.js';
import { LocalError } from '../../actions/local-error.js';
import { DEFAULT_MAX_BYTES, renderPicture } from '../../actions/render-job.js';
import type { Job } from '../../domain/job.js';
import { type Translate, translator } from '../../i18n/index.js';
import type { RenderedPicture } from '../../painter/painter.js';
import { askerOf } from '../kit/asker-of.js';
import { type Control, chosenIndex } from '../kit/control.js';
import { file, type JobMessage, textMessage } from '../kit/job-message.js';
import { pictureControls } from '../kit/rows.js';
import { safeText, visibleText } from '../kit/safe-text.js';
import { sendFitting } from '../kit/send-fitting.js';

/** Edge of one picture shown large. */
const UPSCALED_PX = 1024;

/** U1–U4: one picture from its stored tokens, large, with sharp edges and its transparent background. */
export const upscale = {
  action: 'upscale',
  async press(context, interaction, id) {
    const asker = askerOf(interaction);
    const job = findFinishedJob(context.store, asker, id.jobId);
    assertMayPress(context.store, asker, job);
    const refusal = guardPermissions(asker);
    if (refusal !== undefined) throw new LocalError('refused', refusal);
    const index = chosenIndex(interaction, id) ?? -1;
    if (job.pictures[index] === undefined) throw new LocalError('no_pictures', (t) => t('error.noPictures'));

    await interaction.deferReply();
    await sendFitting(
      job.id,
      interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES,
      (maxBytes) => renderPicture(context.painter, job, index, { sizePx: UPSCALED_PX, maxBytes }),
      (picture) => interaction.editReply(pictureMessage(job, index, picture, translator(interaction.locale))),
    );
  },
} as const satisfies Control;

/** One picture with its own seed and its own controls. */
export function pictureMessage(job: Job, index: number, picture: RenderedPicture, t: Translate): JobMessage {
  const name = `tessera-${job.id}-${index + 1}.png`;
  const seed = job.pictures[index]?.seed ?? job.seed;
  const title = t('upscale.title', { index: index + 1, size: picture.widthPx, seed, job: job.id });
  const prompt = job.prompt === '' ? '' : `**${safeText(job.prompt)}**\n`;
  const alt = t('alt.picture', { index: index + 1, prompt: visibleText(job.prompt) || '—' });
  return {
    ...textMessage('', pictureControls(job.id, index)),
    embeds: [{ description: `${prompt}${title}` }],
    files: [file(picture.png, name, alt)],
  };
}
