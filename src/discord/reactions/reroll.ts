import { reroll as rerollJob } from '../../actions/reroll.js';
import type { Reaction } from '../kit/reaction.js';

/** 🔁 Another round, as an answer to the message. */
export const reroll = {
  emoji: '🔁',
  async add({ context, ask }) {
    const { job, isNew } = await rerollJob(context, ask);
    if (isNew) {
      context.reporter.announce(job);
    }
  },
} as const satisfies Reaction;
