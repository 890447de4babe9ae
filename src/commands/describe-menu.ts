import { LocalError } from '../actions/local-error.js';
import type { MenuCommand } from '../discord/kit/command.js';
import { messageMenu } from '../discord/kit/localise.js';
import { pictureOfTarget } from '../discord/kit/target.js';
import { describeUpload } from '../discord/kit/upload.js';

/** The phrases nearest to a message's picture. */
export const describeMenu = {
  data: messageMenu('menu.describe'),
  async execute(context, interaction) {
    const picture = pictureOfTarget(interaction.targetMessage);
    if (picture === undefined) {
      throw new LocalError('no_picture', (t) => t('menu.noPicture'));
    }
    await describeUpload(context, interaction, picture);
  },
} as const satisfies MenuCommand;
