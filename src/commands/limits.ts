import {
  type ChatInputCommandInteraction,
  InteractionContextType,
  MessageFlags,
  PermissionFlagsBits,
} from 'discord.js';
import { asModerator, changeLimits, type ModeratorAsk, pause, resetLimits } from '../actions/limits.js';
import { LocalError } from '../actions/local-error.js';
import { askOf } from '../discord/kit/asker-of.js';
import type { Command } from '../discord/kit/command.js';
import type { Context } from '../discord/kit/context.js';
import { settingValue } from '../discord/kit/limit-lines.js';
import { readChanges, setOptions } from '../discord/kit/limits-options.js';
import { slashCommand, subcommand } from '../discord/kit/localise.js';
import { shorten } from '../discord/kit/safe-text.js';
import type { GuildSettings, SettingsChange } from '../domain/settings.js';
import { type Translate, translator } from '../i18n/index.js';

const HISTORY_ENTRIES = 20;
const MAX_EMBED_CHARS = 4000;
const MAX_VALUE_CHARS = 300;

/** What members may ask for. Discord hides it from members without Manage Server; the code asks again. */
export const limits = {
  data: slashCommand('limits')
    .setDefaultMemberPermissions(PermissionFlagsBits.ManageGuild)
    .setContexts(InteractionContextType.Guild)
    .addSubcommand((s) => subcommand(s, 'limits.show'))
    .addSubcommand((s) => setOptions(subcommand(s, 'limits.set')))
    .addSubcommand((s) => subcommand(s, 'limits.reset'))
    .addSubcommand((s) => subcommand(s, 'limits.history'))
    .addSubcommand((s) => subcommand(s, 'limits.pause'))
    .addSubcommand((s) => subcommand(s, 'limits.resume')),

  async execute(context, interaction) {
    const ask = asModerator(askOf(context.store, interaction));
    const t = translator(interaction.locale);
    const run = SUBCOMMANDS.get(interaction.options.getSubcommand());
    if (run === undefined) {
      throw new LocalError('unknown_command', (say) => say('error.unknownCommand'));
    }
    const text = run({ context, interaction, ask, t });
    await interaction.reply({
      embeds: [{ title: t('limits.title'), description: shorten(text, MAX_EMBED_CHARS) }],
      flags: MessageFlags.Ephemeral,
    });
  },
} as const satisfies Command;

interface Call {
  readonly context: Context;
  readonly interaction: ChatInputCommandInteraction;
  readonly ask: ModeratorAsk;
  readonly t: Translate;
}

const SUBCOMMANDS: ReadonlyMap<string, (call: Call) => string> = new Map([
  ['show', show],
  ['set', set],
  ['reset', reset],
  ['history', history],
  ['pause', (call: Call) => setPaused(call, true)],
  ['resume', (call: Call) => setPaused(call, false)],
]);

function show({ ask: { settings }, t }: Call): string {
  return (Object.keys(settings) as (keyof GuildSettings)[])
    .map((name) => `**${t(`limit.${name}`)}**: ${shorten(settingValue(name, settings[name], t), MAX_VALUE_CHARS)}`)
    .join('\n');
}

function set({ context, interaction, ask, t }: Call): string {
  const changes = changeLimits(context, ask, readChanges(ask.settings, interaction.options));
  return [t('limits.changed'), ...changes.map((change) => changeLine(change, t))].join('\n');
}

function reset({ context, ask, t }: Call): string {
  const changes = resetLimits(context, ask);
  return [t('limits.reset', { count: changes.length }), ...changes.map((change) => changeLine(change, t))].join('\n');
}

function history({ context, ask, t }: Call): string {
  const changes = context.store.settings.history(ask.guildId, HISTORY_ENTRIES);
  if (changes.length === 0) {
    return t('limits.noHistory');
  }
  return changes
    .map((change) => `<t:${Math.floor(change.at / 1000)}:f> <@${change.userId}> ${changeLine(change, t)}`)
    .join('\n');
}

function setPaused({ context, ask, t }: Call, isPaused: boolean): string {
  pause(context, ask, isPaused);
  return t(isPaused ? 'limits.paused' : 'limits.resumed');
}

function changeLine({ setting, oldValue, newValue }: SettingsChange, t: Translate): string {
  const say = (value: unknown) => shorten(settingValue(setting, value, t), MAX_VALUE_CHARS);
  return `**${t(`limit.${setting}`)}**: ${say(oldValue)} → ${say(newValue)}`;
}
