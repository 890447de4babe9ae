import type { AutocompleteInteraction, Interaction } from 'discord.js';
import { LocalError } from '../actions/local-error.js';
import { COMMANDS, MENU_COMMANDS } from '../commands/index.js';
import { CONTROLS } from './controls.js';
import type { Command, MenuCommand } from './kit/command.js';
import type { Answerable, BotEvent, Context } from './kit/context.js';
import { type Control, openPress } from './kit/control.js';
import { parseControlId } from './kit/custom-id.js';
import { answerError } from './kit/error-answer.js';
import { NEW_PROMPT_ID, paintFromModal } from './kit/prompt-modal.js';
import { RecentIds } from './recent-ids.js';

export interface DispatchDeps {
  readonly context: Context;
  readonly onEvent: (event: BotEvent) => void;
  /** While true, new wishes are turned away kindly. */
  readonly isStopping: () => boolean;
}

/** What will be done, under the name it is counted by. */
interface Route {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * An interaction's life: deduplicate → route (parse) → handle (which guards, stores, acknowledges) → answer errors.
 * The returned function never throws and never rejects.
 */
export function createDispatcher({ context, onEvent, isStopping }: DispatchDeps): (i: Interaction) => Promise<void> {
  const recent = new RecentIds();
  const commands = new Map<string, Command>(COMMANDS.map((command) => [command.data.name, command]));
  const menus = new Map<string, MenuCommand>(MENU_COMMANDS.map((command) => [command.data.name, command]));
  const controls = new Map<string, Control>(CONTROLS.map((control) => [control.action, control]));

  function route(interaction: Answerable): Route {
    if (interaction.isChatInputCommand()) {
      const command = commands.get(interaction.commandName);
      if (command === undefined) {
        return refusal('unknown', (t) => t('error.unknownCommand'));
      }
      return { name: command.data.name, run: () => command.execute(context, interaction) };
    }
    if (interaction.isMessageContextMenuCommand()) {
      const command = menus.get(interaction.commandName);
      if (command === undefined) {
        return refusal('unknown', (t) => t('error.unknownCommand'));
      }
      return { name: command.data.name, run: () => command.execute(context, interaction) };
    }
    if (interaction.isModalSubmit() && interaction.customId === NEW_PROMPT_ID) {
      return { name: 'modal:imagine', run: () => paintFromModal(context, interaction) };
    }
    const id = parseControlId(interaction.customId);
    const control = id === undefined ? undefined : controls.get(id.action);
    if (id === undefined || control === undefined) {
      return refusal('unknown', (t) => t('error.badControl'));
    }
    if (!interaction.isModalSubmit()) {
      return { name: id.action, run: async () => control.press(openPress(context, interaction, id)) };
    }
    const { submit } = control;
    if (submit === undefined) {
      return refusal('unknown', (t) => t('error.badControl'));
    }
    return { name: `modal:${id.action}`, run: async () => submit(openPress(context, interaction, id)) };
  }

  async function suggest(interaction: AutocompleteInteraction): Promise<void> {
    try {
      await commands.get(interaction.commandName)?.autocomplete?.(context, interaction);
    } catch (error) {
      context.logger.debug({ err: error, interactionId: interaction.id }, 'suggestions failed');
    }
    // No suggestions are an answer too: without one the member's client shows an error.
    if (!interaction.responded) {
      await interaction.respond([]).catch(() => {});
    }
  }

  return async (interaction) => {
    if (!recent.add(interaction.id)) {
      onEvent({ kind: 'answered', name: 'duplicate', outcome: 'duplicate' });
      return;
    }
    if (interaction.isAutocomplete()) {
      return suggest(interaction);
    }
    if (!isAnswerable(interaction)) {
      return;
    }
    let outcome: 'ok' | 'refused' | 'error' = 'ok';
    let name = 'unknown';
    try {
      const found = route(interaction);
      name = found.name;
      if (isStopping()) {
        throw new LocalError('restarting', (t) => t('error.restarting'));
      }
      await found.run();
    } catch (error) {
      outcome = await answerError(context.logger, interaction, error);
    }
    onEvent({ kind: 'answered', name, outcome });
  };
}

function refusal(name: string, text: ConstructorParameters<typeof LocalError>[1]): Route {
  return { name, run: () => Promise.reject(new LocalError('unknown_target', text)) };
}

function isAnswerable(interaction: Interaction): interaction is Answerable {
  return (
    interaction.isChatInputCommand() ||
    interaction.isMessageContextMenuCommand() ||
    interaction.isButton() ||
    interaction.isStringSelectMenu() ||
    interaction.isModalSubmit()
  );
}
