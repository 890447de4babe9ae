import { randomBytes } from 'node:crypto';
import { DiscordjsTypeError } from 'discord.js';
import { LocalError } from '../../actions/local-error.js';
import type { Logger } from '../../logger.js';
import { isDeadInteraction, tell } from './answer.js';
import type { Answerable } from './context.js';
import { parseControlId } from './custom-id.js';

/**
 * The last stage of an interaction that threw: a refusal is told as it is; for anything else the member gets a reference,
 * and the log gets the rest. Never throws.
 * @returns whether it was a refusal or a fault of ours
 */
export async function answerError(
  logger: Logger,
  interaction: Answerable,
  thrown: unknown,
): Promise<'refused' | 'error'> {
  const error = isOptionMismatch(thrown) ? new LocalError('malformed', (t) => t('error.malformed')) : thrown;
  const isRefusal = error instanceof LocalError;
  const ref = randomBytes(4).toString('hex');
  if (!isRefusal && !isDeadInteraction(error)) {
    logger.error(
      { err: error, ref, interactionId: interaction.id, jobId: jobIdOf(interaction) },
      'an interaction failed',
    );
  }
  try {
    await tell(interaction, isRefusal ? error.text : (t) => t('error.unknown', { ref }));
  } catch (telling) {
    logger.warn({ err: telling, ref, interactionId: interaction.id }, 'a member could not be told');
  }
  return isRefusal ? 'refused' : 'error';
}

/** Options other than those registered: forged, or sent by a client that still shows an older version's commands. */
function isOptionMismatch(error: unknown): boolean {
  return error instanceof DiscordjsTypeError && String(error.code).startsWith('CommandInteractionOption');
}

function jobIdOf(interaction: Answerable): string | undefined {
  return 'customId' in interaction ? parseControlId(interaction.customId)?.jobId : undefined;
}
