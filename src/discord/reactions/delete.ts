import { deleteJob } from '../../actions/delete.js';
import type { Reaction } from '../kit/reaction.js';

/** ❌ Deletes the message, and with it the job; under one large picture, that message alone. */
export const deleteReaction = {
  emoji: '❌',
  async add({ context, ask, index, deleteMessage }) {
    deleteJob(context, ask, index);
    await deleteMessage();
  },
} as const satisfies Reaction;
