import { LocalError } from '../../actions/local-error.js';
import { DEFAULT_MAX_BYTES } from '../../actions/render-job.js';
import { reroll } from '../../actions/reroll.js';
import { assertMayLook, separate } from '../../actions/upscale.js';
import { translator } from '../../i18n/index.js';
import { acceptJob } from '../kit/accept-job.js';
import type { Control, Press } from '../kit/control.js';
import { separateMessage } from '../kit/job-message.js';
import { BATCH_SIZES, SEPARATE } from '../kit/rows.js';

/** Files that one message may have. */
const MAX_FILES = 10;

/** The "More…" menu: again with a larger batch, or the pictures one by one. */
export const more = {
  action: 'more',
  async press(press) {
    const { context, interaction, ask } = press;
    const value = interaction.isStringSelectMenu() ? interaction.values[0] : undefined;
    if (value === SEPARATE) {
      return sendSeparately(press);
    }
    const count = BATCH_SIZES.find((size) => String(size) === value);
    if (count === undefined) {
      throw new LocalError('bad_control', (t) => t('error.badControl'));
    }
    await acceptJob(context, interaction, ask, () => reroll(context, ask, count));
  },
} as const satisfies Control;

async function sendSeparately({ context, interaction, ask }: Press): Promise<void> {
  const maxBytes = interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES;
  assertMayLook(ask);
  context.quick.admit(ask);
  await interaction.deferReply();
  const pictures = await separate(context, ask, { maxPictures: MAX_FILES, maxBytes });
  await interaction.editReply(separateMessage(ask.job, pictures, translator(interaction.locale)));
}
