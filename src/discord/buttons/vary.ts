import { vary as varyPicture } from '../../actions/vary.js';
import { acceptJob } from '../kit/accept-job.js';
import { type Control, chosenIndex } from '../kit/control.js';

/** V1–V4: pictures near one picture, subtle or strong. */
export const vary = {
  action: 'vary',
  async press(press) {
    const { context, interaction, id, ask } = press;
    const index = chosenIndex(press);
    await acceptJob(context, interaction, ask, () => varyPicture(context, ask, index, id.strength ?? 'subtle'));
  },
} as const satisfies Control;
