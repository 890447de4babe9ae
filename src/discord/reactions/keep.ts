import { keep as keepJob, letGo } from '../../actions/keep.js';
import type { Reaction } from '../kit/reaction.js';

/** ⭐ Kept for whoever reacted, until the star is taken back. */
export const keep = {
  emoji: '⭐',
  async add({ context, ask, index }) {
    keepJob(context, ask, index ?? null);
  },
  async remove({ context, ask }) {
    letGo(context, ask);
  },
} as const satisfies Reaction;
