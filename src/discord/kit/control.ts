import type { ButtonInteraction, ModalSubmitInteraction, StringSelectMenuInteraction } from 'discord.js';
import type { Context } from './context.js';
import type { Action, ControlId } from './custom-id.js';

export type Pressed = ButtonInteraction | StringSelectMenuInteraction;

/** A control under a message. Errors are thrown; the dispatcher answers them. */
export interface Control {
  readonly action: Action;
  /** @param id taken from the custom id: well-formed, but never to be believed. */
  press(context: Context, interaction: Pressed, id: ControlId): Promise<void>;
  /** What is done when the modal that it opened comes back. */
  submit?(context: Context, interaction: ModalSubmitInteraction, id: ControlId): Promise<void>;
}

/** The picture that was meant: a select menu's value, or the index in a button's id. */
export function chosenIndex(interaction: Pressed, id: ControlId): number | undefined {
  if (!interaction.isStringSelectMenu()) return id.index;
  const value = interaction.values[0] ?? '';
  return /^\d{1,2}$/.test(value) ? Number(value) : undefined;
}
