import { askerOf } from '../controls/asker-of.js';
import { variationOf } from '../controls/derive.js';
import { assertMayPress, findFinishedJob } from '../controls/find-job.js';
import { LocalError } from '../controls/local-error.js';
import { allowedCount, DEFAULT_COUNT, requestJob } from '../controls/request-job.js';
import type { MenuCommand } from './command.js';
import { messageMenu } from './localise.js';
import { jobOfTarget, pictureOfTarget } from './target.js';
import { varyUpload } from './upload.js';

/** Variations of a message's picture: of the best one where it is a job of ours, otherwise of the picture itself. */
export const makeVariations = {
  data: messageMenu('menu.variations'),
  async execute(context, interaction) {
    const asker = askerOf(interaction);
    const count = allowedCount(context.store, asker, DEFAULT_COUNT);
    const target = jobOfTarget(context.store, asker, interaction.targetMessage);
    if (target !== undefined) {
      const job = findFinishedJob(context.store, asker, target.id);
      assertMayPress(context.store, asker, job);
      return requestJob(context, interaction, await variationOf(context.painter, job, 0, 'strong', count));
    }
    const picture = pictureOfTarget(interaction.targetMessage);
    if (picture === undefined) throw new LocalError('no_picture', (t) => t('menu.noPicture'));
    await varyUpload(context, interaction, picture, { count });
  },
} as const satisfies MenuCommand;
