import type {
  AutocompleteInteraction,
  ChatInputCommandInteraction,
  MessageContextMenuCommandInteraction,
  RESTPostAPIApplicationCommandsJSONBody,
} from 'discord.js';
import type { Context } from './context.js';

/** How a command is registered: a builder of discord.js. */
interface CommandData {
  readonly name: string;
  toJSON(): RESTPostAPIApplicationCommandsJSONBody;
}

/** A slash command. Errors are thrown; the dispatcher answers them. */
export interface Command {
  readonly data: CommandData;
  execute(context: Context, interaction: ChatInputCommandInteraction): Promise<void>;
  /** Suggestions while a member types. */
  autocomplete?(context: Context, interaction: AutocompleteInteraction): Promise<void>;
}

/** An entry in a message's context menu. */
export interface MenuCommand {
  readonly data: CommandData;
  execute(context: Context, interaction: MessageContextMenuCommandInteraction): Promise<void>;
}
