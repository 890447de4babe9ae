import { randomInt } from 'node:crypto';
import { MAX_SEED } from '../domain/bounds.js';
import { TesseraError } from '../domain/errors.js';
import type { Job, NewJob } from '../domain/job.js';
import { effectiveLimits } from '../domain/limits.js';
import type { ActionParts, Ask } from './ask.js';
import { assertMayWish } from './guards/guards.js';
import { LocalError } from './local-error.js';

/** A job without where it came from. */
export type JobWish = Omit<NewJob, 'origin'>;

export interface Stored {
  readonly job: Job;
  /** False when the same wish was delivered before. */
  readonly isNew: boolean;
}

/** Guards and stores a job: what this returns is on disk, and will be painted. @throws LocalError when refused */
export async function storeJob(parts: ActionParts, ask: Ask, wish: JobWish): Promise<Stored> {
  const { asker, origin, settings } = ask;
  assertMayWish(parts, ask, wish);
  const weights = { guild: settings.queueShare, member: effectiveLimits(settings, asker.roleIds).weight };
  try {
    return await parts.queue.add({ ...wish, origin }, weights);
  } catch (error) {
    const code = error instanceof TesseraError ? error.code : '';
    if (code === 'queue_stopped') {
      throw new LocalError(code, (t) => t('error.restarting'));
    }
    if (code !== 'queue_full') {
      throw error;
    }
    throw new LocalError(code, (t) => t('error.queueFull', { waiting: parts.queue.waitingCount }));
  }
}

/**
 * As many pictures as wanted, or as many as the asker may have at once: for wishes whose number nobody typed.
 * One that was typed is refused instead, so that the member learns of the limit.
 */
export function allowedCount({ asker, settings }: Ask, wanted: number): number {
  return Math.min(wanted, effectiveLimits(settings, asker.roleIds).maxPicturesPerPrompt);
}

/** What a job made from another one has of it. */
export function inherited({ id, prompt, style, sizePx, sampling }: Job) {
  return { parentJobId: id, prompt, style, sizePx, sampling };
}

export function randomSeed(): number {
  return randomInt(MAX_SEED + 1);
}
