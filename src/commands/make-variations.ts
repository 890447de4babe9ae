import { LocalError } from '../actions/local-error.js';
import { vary } from '../actions/vary.js';
import { acceptJob } from '../discord/kit/accept-job.js';
import { askOf } from '../discord/kit/asker-of.js';
import type { MenuCommand } from '../discord/kit/command.js';
import { messageMenu } from '../discord/kit/localise.js';
import { jobOfTarget, pictureOfTarget } from '../discord/kit/target.js';
import { paintFromUpload } from '../discord/kit/upload.js';

/** Variations of a message's picture: of the best one where it is a job of ours, otherwise of the picture itself. */
export const makeVariations = {
  data: messageMenu('menu.variations'),
  async execute(context, interaction) {
    const ask = askOf(context.store, interaction);
    const job = jobOfTarget(context.store, ask.asker, interaction.targetMessage);
    if (job !== undefined) {
      return acceptJob(context, interaction, ask, () => vary(context, { ...ask, job }, 0, 'strong'));
    }
    const picture = pictureOfTarget(interaction.targetMessage);
    if (picture === undefined) {
      throw new LocalError('no_picture', (t) => t('menu.noPicture'));
    }
    await paintFromUpload(context, interaction, picture, { count: null, seed: null });
  },
} as const satisfies MenuCommand;
