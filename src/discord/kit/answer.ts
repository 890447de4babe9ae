import { DiscordAPIError, MessageFlags, RESTJSONErrorCodes } from 'discord.js';
import type { LocalText } from '../../i18n/index.js';
import { translator } from '../../i18n/index.js';
import type { Answerable } from './context.js';

/** Tells the member alone, whatever state the interaction is in: not answered, deferred, or answered. */
export async function tell(interaction: Answerable, text: LocalText): Promise<void> {
  const content = text(translator(interaction.locale)).slice(0, 2000);
  const message = { content, flags: MessageFlags.Ephemeral, allowedMentions: { parse: [] } } as const;
  if (!interaction.deferred && !interaction.replied) {
    await interaction.reply(message);
  } else if (interaction.deferred && !interaction.replied && !isUpdate(interaction)) {
    await interaction.editReply({ content, allowedMentions: { parse: [] } });
  } else {
    await interaction.followUp(message);
  }
}

/** The interaction's token is of no use: too late, already answered by another process, or forged. */
export function isDeadInteraction(error: unknown): boolean {
  return error instanceof DiscordAPIError && DEAD_CODES.has(error.code);
}

const DEAD_CODES: ReadonlySet<unknown> = new Set([
  RESTJSONErrorCodes.UnknownInteraction,
  RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged,
  RESTJSONErrorCodes.UnknownWebhook,
  RESTJSONErrorCodes.InvalidWebhookToken,
]);

/** After deferUpdate the "reply" is the message with the controls: it must not be overwritten by a notice. */
function isUpdate(interaction: Answerable): boolean {
  return interaction.isMessageComponent() && interaction.ephemeral === null;
}
