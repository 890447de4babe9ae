import { randomInt } from 'node:crypto';
import { askerOf, originOf } from '../discord/kit/asker-of.js';
import type { Answerable, Context } from '../discord/kit/context.js';
import type { Asker } from '../domain/asker.js';
import { TesseraError } from '../domain/errors.js';
import type { Job, JobOrigin, NewJob } from '../domain/job.js';
import { effectiveLimits } from '../domain/limits.js';
import type { Store } from '../store/store.js';
import { guardWish, settingsOf } from './guards/guards.js';
import { LocalError } from './local-error.js';
import { DEFAULT_MAX_BYTES } from './render-job.js';

/** A job without where it came from. */
export type JobWish = Omit<NewJob, 'origin'>;

/** Pictures where nobody says how many. */
export const DEFAULT_COUNT = 4;
export const MAX_PROMPT_CHARS = 1000;
export const MAX_SEED = 2 ** 32 - 1;

export function randomSeed(): number {
  return randomInt(MAX_SEED + 1);
}

/**
 * Guards, stores and acknowledges a job, in this order: a wish that cannot be shown is refused before anything is
 * painted, and one that Discord was told "yes" about is already on disk.
 * @throws LocalError when refused
 */
export async function requestJob(context: Context, interaction: Answerable, wish: JobWish): Promise<void> {
  const asker = askerOf(interaction);
  const release = context.reporter.expect(interaction.id, interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES);
  let isAcknowledged = false;
  try {
    const { isNew } = await addJob(context, asker, originOf(interaction), wish);
    isAcknowledged = !isNew || (await acknowledge(context, interaction));
  } finally {
    release(isAcknowledged);
  }
}

/** From here on the row is written: if Discord cannot be told in time, the pictures go to the channel instead. */
async function acknowledge(context: Context, interaction: Answerable): Promise<boolean> {
  // After an upload the answer was given before, to have time for fetching it.
  if (interaction.deferred || interaction.replied) return true;
  try {
    await interaction.deferReply();
    return true;
  } catch (error) {
    context.logger.warn({ err: error, interactionId: interaction.id }, 'an accepted job could not be acknowledged');
    return false;
  }
}

/** Guards and stores a job. @throws LocalError when refused */
export async function addJob(
  context: Context,
  asker: Asker,
  origin: JobOrigin,
  wish: JobWish,
): Promise<{ readonly job: Job; readonly isNew: boolean }> {
  const refusal = guardWish(context, asker, wish);
  if (refusal !== undefined) throw new LocalError('refused', refusal);
  const settings = settingsOf(context.store, asker.guildId);
  const weights = { guild: settings.queueShare, member: effectiveLimits(settings, asker.roleIds).weight };
  try {
    return await context.queue.add({ ...wish, origin }, weights);
  } catch (error) {
    const code = error instanceof TesseraError ? error.code : '';
    if (code === 'queue_stopped') throw new LocalError(code, (t) => t('error.restarting'));
    if (code !== 'queue_full') throw error;
    throw new LocalError(code, (t) => t('error.queueFull', { waiting: context.queue.waitingCount }));
  }
}

/**
 * As many pictures as wanted, or as many as the asker may have at once: for wishes whose number nobody typed.
 * One that was typed is refused instead, so that the member learns of the limit.
 */
export function allowedCount(store: Store, asker: Asker, wanted: number): number {
  return Math.min(wanted, effectiveLimits(settingsOf(store, asker.guildId), asker.roleIds).maxPicturesPerPrompt);
}

/** A prompt as it is stored. @throws LocalError when it is empty or too long */
export function checkPrompt(prompt: string): string {
  const trimmed = prompt.trim();
  if (trimmed === '') throw new LocalError('empty_prompt', (t) => t('error.emptyPrompt'));
  if (trimmed.length > MAX_PROMPT_CHARS) {
    throw new LocalError('long_prompt', (t) => t('error.longPrompt', { max: MAX_PROMPT_CHARS }));
  }
  return trimmed;
}
