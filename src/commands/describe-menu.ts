import { LocalError } from '../controls/local-error.js';
import type { MenuCommand } from './command.js';
import { messageMenu } from './localise.js';
import { pictureOfTarget } from './target.js';
import { describeUpload } from './upload.js';

/** The phrases nearest to a message's picture. */
export const describeMenu = {
  data: messageMenu('menu.describe'),
  async execute(context, interaction) {
    const picture = pictureOfTarget(interaction.targetMessage);
    if (picture === undefined) throw new LocalError('no_picture', (t) => t('menu.noPicture'));
    await describeUpload(context, interaction, picture);
  },
} as const satisfies MenuCommand;
