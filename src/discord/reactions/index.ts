import type { Reaction } from '../kit/reaction.js';
import { deleteReaction } from './delete.js';
import { keep } from './keep.js';
import { reroll } from './reroll.js';

/** Reactions that mean something here; all others are none of our business. */
export const REACTIONS: ReadonlyMap<string, Reaction> = new Map(
  [reroll, keep, deleteReaction].map((reaction) => [reaction.emoji, reaction]),
);
