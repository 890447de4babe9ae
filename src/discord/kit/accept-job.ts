import { DEFAULT_MAX_BYTES } from '../../actions/render-job.js';
import type { Stored } from '../../actions/store-job.js';
import type { Answerable, Context } from './context.js';

/**
 * Has a job stored and then acknowledges it, in this order: a wish that cannot be shown is refused before anything is
 * painted, and one that Discord was told "yes" about is already on disk.
 * @param store guards and stores the job
 * @throws LocalError when refused
 */
export async function acceptJob(
  context: Context,
  interaction: Answerable,
  store: () => Promise<Stored>,
): Promise<void> {
  const release = context.reporter.expect(interaction.id, interaction.attachmentSizeLimit ?? DEFAULT_MAX_BYTES);
  let isAcknowledged = false;
  try {
    const { isNew } = await store();
    isAcknowledged = !isNew || (await acknowledge(context, interaction));
  } finally {
    release(isAcknowledged);
  }
}

/** From here on the row is written: if Discord cannot be told in time, the pictures go to the channel instead. */
async function acknowledge(context: Context, interaction: Answerable): Promise<boolean> {
  // After an upload the answer was given before, to have time for fetching it.
  if (interaction.deferred || interaction.replied) {
    return true;
  }
  try {
    await interaction.deferReply();
    return true;
  } catch (error) {
    context.logger.warn({ err: error, interactionId: interaction.id }, 'an accepted job could not be acknowledged');
    return false;
  }
}
