import { reroll as rerollJob } from '../../actions/reroll.js';
import { acceptJob } from '../kit/accept-job.js';
import type { Control } from '../kit/control.js';

/** 🔁 The same embedding, new seeds. */
export const reroll = {
  action: 'reroll',
  press: ({ context, interaction, ask }) => acceptJob(context, interaction, ask, () => rerollJob(context, ask)),
} as const satisfies Control;
