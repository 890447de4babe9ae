import { variationOf } from '../actions/derive.js';
import { assertMayPress, findFinishedJob } from '../actions/find-job.js';
import { LocalError } from '../actions/local-error.js';
import { allowedCount, DEFAULT_COUNT, requestJob } from '../actions/request-job.js';
import { askerOf } from '../discord/kit/asker-of.js';
import type { MenuCommand } from '../discord/kit/command.js';
import { messageMenu } from '../discord/kit/localise.js';
import { jobOfTarget, pictureOfTarget } from '../discord/kit/target.js';
import { varyUpload } from '../discord/kit/upload.js';

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
