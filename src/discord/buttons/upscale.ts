import { DEFAULT_MAX_BYTES } from '../../actions/render-job.js';
import { upscale as upscalePicture } from '../../actions/upscale.js';
import { translator } from '../../i18n/index.js';
import { type Control, chosenIndex } from '../kit/control.js';
import { pictureMessage } from '../kit/job-message.js';
import { sendFitting } from '../kit/send-fitting.js';

/** U1–U4: one picture large, with its own controls. */
export const upscale = {
  action: 'upscale',
  async press(press) {
    const { context, interaction, ask } = press;
    const index = chosenIndex(press);
    const render = upscalePicture(context, ask, index);
    await interaction.deferReply();
    const maxBytes = interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES;
    const t = translator(interaction.locale);
    await sendFitting(ask.job.id, maxBytes, render, (picture) =>
      interaction.editReply(pictureMessage(ask.job, index, picture, t)),
    );
  },
} as const satisfies Control;
