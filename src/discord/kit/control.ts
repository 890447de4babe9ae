import type { ButtonInteraction, ModalSubmitInteraction, StringSelectMenuInteraction } from 'discord.js';
import type { JobAsk } from '../../actions/ask.js';
import { findJob } from '../../actions/find-job.js';
import { askOf } from './asker-of.js';
import type { Answerable, Context } from './context.js';
import type { Action, ControlId } from './custom-id.js';

/** A button or menu that was used, with the job it stands under. */
export interface Press<I extends Answerable = ButtonInteraction | StringSelectMenuInteraction> {
  readonly context: Context;
  readonly interaction: I;
  /** Taken from the custom id: well-formed, but never to be believed. */
  readonly id: ControlId;
  readonly ask: JobAsk;
}

/** A control under a message. Errors are thrown; the dispatcher answers them. */
export interface Control {
  readonly action: Action;
  press(press: Press): Promise<void>;
  /** What is done when the modal that it opened comes back. */
  submit?(press: Press<ModalSubmitInteraction>): Promise<void>;
}

/** Reads once what every control needs. @throws LocalError when the asker may not know of the job */
export function openPress<I extends Answerable>(context: Context, interaction: I, id: ControlId): Press<I> {
  const ask = askOf(context.store, interaction);
  return { context, interaction, id, ask: { ...ask, job: findJob(context.store, ask.asker, id.jobId) } };
}

/** The picture that was meant: a select menu's value, or the index in a button's id; −1 where there is none. */
export function chosenIndex({ interaction, id }: Press): number {
  if (!interaction.isStringSelectMenu()) {
    return id.index ?? -1;
  }
  const value = interaction.values[0] ?? '';
  return /^\d{1,2}$/.test(value) ? Number(value) : -1;
}
