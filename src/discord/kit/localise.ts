import {
  ApplicationCommandType,
  ApplicationIntegrationType,
  ContextMenuCommandBuilder,
  InteractionContextType,
  type LocalizationMap,
  SlashCommandBuilder,
  type SlashCommandSubcommandBuilder,
} from 'discord.js';
import { COMMAND_LANGUAGES, type CommandKey, commandTexts } from '../../i18n/commands/index.js';

interface Named {
  setName(name: string): this;
  setNameLocalizations(names: LocalizationMap): this;
  setDescription(description: string): this;
  setDescriptionLocalizations(descriptions: LocalizationMap): this;
}

/** Gives a command, subcommand or option its name and description in every language. */
export function named<B extends Named>(builder: B, key: CommandKey): B {
  const [name, description] = commandTexts('en-US')[key];
  return builder
    .setName(name)
    .setNameLocalizations(inEveryLanguage(key, 0))
    .setDescription(description)
    .setDescriptionLocalizations(inEveryLanguage(key, 1));
}

/** A slash command that works in servers and in direct messages with the bot. */
export function slashCommand(key: CommandKey): SlashCommandBuilder {
  return named(new SlashCommandBuilder(), key)
    .setContexts(InteractionContextType.Guild, InteractionContextType.BotDM)
    .setIntegrationTypes(ApplicationIntegrationType.GuildInstall);
}

export function subcommand(builder: SlashCommandSubcommandBuilder, key: CommandKey): SlashCommandSubcommandBuilder {
  return named(builder, key);
}

/** An entry in the menu of a message. Such names may have capitals and spaces, and there is no description. */
export function messageMenu(key: CommandKey): ContextMenuCommandBuilder {
  return new ContextMenuCommandBuilder()
    .setType(ApplicationCommandType.Message)
    .setName(commandTexts('en-US')[key][0])
    .setNameLocalizations(inEveryLanguage(key, 0))
    .setContexts(InteractionContextType.Guild, InteractionContextType.BotDM)
    .setIntegrationTypes(ApplicationIntegrationType.GuildInstall);
}

/** A choice of an option, in every language. */
export function choice<V extends string>(key: CommandKey, value: V) {
  return { name: commandTexts('en-US')[key][0], name_localizations: inEveryLanguage(key, 0), value };
}

function inEveryLanguage(key: CommandKey, part: 0 | 1): LocalizationMap {
  return Object.fromEntries(COMMAND_LANGUAGES.map((locale) => [locale, commandTexts(locale)[key][part]]));
}
