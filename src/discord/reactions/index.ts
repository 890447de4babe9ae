import { rerollOf } from '../../actions/derive.js';
import { assertMayEnd, assertMayPress, findFinishedJob, findJob } from '../../actions/find-job.js';
import { addJob, allowedCount } from '../../actions/request-job.js';
import type { Asker } from '../../domain/asker.js';
import type { Job, JobOrigin } from '../../domain/job.js';
import type { Context } from '../kit/context.js';

/** A member's reaction on a message that shows a job. */
export interface Reacted {
  readonly asker: Asker;
  readonly job: Job;
  /** Where an answer goes; its id is the same for a repeated delivery. */
  readonly origin: JobOrigin;
  /** Deletes the message reacted to. */
  readonly deleteMessage: () => Promise<void>;
}

type Reaction = (context: Context, reacted: Reacted) => Promise<void>;

/** 🔁 Another round from the stored embedding, as an answer to the message. */
const reroll: Reaction = async (context, { asker, job, origin }) => {
  const found = findFinishedJob(context.store, asker, job.id);
  assertMayPress(context.store, asker, found);
  const count = allowedCount(context.store, asker, found.count);
  const { job: made, isNew } = await addJob(context, asker, origin, await rerollOf(context.painter, found, count));
  if (isNew) context.reporter.announce(made.id);
};

/** ⭐ Kept for whoever reacted. */
const keep: Reaction = async (context, { asker, job }) => {
  const found = findFinishedJob(context.store, asker, job.id);
  context.store.keeps.add(found.id, asker.userId, null);
};

/** ❌ By the requester or a moderator. */
const remove: Reaction = async (context, { asker, job, deleteMessage }) => {
  const found = findJob(context.store, asker, job.id);
  assertMayEnd(asker, found);
  context.store.jobs.markDeleted(found.id);
  await deleteMessage();
};

/** Reactions that mean something here; all others are none of our business. */
export const REACTIONS: ReadonlyMap<string, Reaction> = new Map([
  ['🔁', reroll],
  ['⭐', keep],
  ['❌', remove],
]);

/** Taking the ⭐ back lets the job go. */
export const UNDO_REACTIONS: ReadonlyMap<string, Reaction> = new Map<string, Reaction>([
  ['⭐', async (context, { asker, job }) => void context.store.keeps.remove(job.id, asker.userId)],
]);
