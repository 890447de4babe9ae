import type { Ask } from '../../actions/ask.js';
import { DEFAULT_MAX_BYTES } from '../../actions/render-job.js';
import type { Stored } from '../../actions/store-job.js';
import { mostPicturesPerPrompt } from '../../domain/limits.js';
import type { Acknowledged, Answerable, Context } from './context.js';

/**
 * Has a job stored and then acknowledges it, in this order: a wish that cannot be shown is refused before anything is
 * painted, and one that Discord was told "yes" about is already on disk.
 * @param store guards and stores the job
 * @throws LocalError when refused
 */
export async function acceptJob(
  context: Context,
  interaction: Answerable,
  { settings }: Ask,
  store: () => Promise<Stored>,
): Promise<void> {
  const release = context.reporter.expect(interaction.id, {
    maxBytes: interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES,
    maxPictures: mostPicturesPerPrompt(settings),
  });
  let acknowledged: Acknowledged | undefined;
  try {
    const { job, isNew } = await store();
    acknowledged = isNew ? await acknowledge(context, interaction, job.id) : { messageId: null };
  } finally {
    release(acknowledged);
  }
}

/** From here on the row is written: if Discord cannot be told in time, the pictures go to the channel instead. */
async function acknowledge(
  context: Context,
  interaction: Answerable,
  jobId: string,
): Promise<Acknowledged | undefined> {
  // After an upload the answer was given before, to have time for fetching it.
  if (interaction.deferred || interaction.replied) {
    return { messageId: null };
  }
  try {
    const { resource } = await interaction.deferReply({ withResponse: true });
    const messageId = resource?.message?.id ?? null;
    if (messageId !== null) {
      // Whoever comes after a crash has to know which message to look at.
      context.store.jobs.setMessage(jobId, messageId);
    }
    return { messageId };
  } catch (error) {
    context.logger.warn({ err: error, interactionId: interaction.id }, 'an accepted job could not be acknowledged');
    return undefined;
  }
}
