import { ChannelType, type ChatInputCommandInteraction, type SlashCommandSubcommandBuilder } from 'discord.js';
import { LocalError } from '../../actions/local-error.js';
import { plainWord } from '../../actions/plain-word.js';
import {
  MAX_ALLOWED_CHANNELS,
  MAX_BLOCKED_WORDS,
  MAX_ROLE_TIERS,
  MAX_WORD_CHARS,
  SETTING_RANGES,
} from '../../domain/bounds.js';
import type { GuildSettings, RoleTier } from '../../domain/settings.js';
import { choice, named } from './localise.js';

const CHANNEL_TYPES = [
  ChannelType.GuildText,
  ChannelType.GuildAnnouncement,
  ChannelType.GuildForum,
  ChannelType.GuildVoice,
  ChannelType.PublicThread,
  ChannelType.PrivateThread,
] as const;

type Options = ChatInputCommandInteraction['options'];

/** Number options: each is a setting of the server and, with a role, a limit of its tier. */
const NUMBERS = [
  { key: 'set.waiting', option: 'waiting', setting: 'maxWaitingPerMember', tier: 'maxWaitingPerMember' },
  { key: 'set.hour', option: 'hour', setting: 'jobsPerHour', tier: 'jobsPerHour' },
  { key: 'set.day', option: 'day', setting: 'jobsPerDay', tier: 'jobsPerDay' },
  { key: 'set.cooldown', option: 'cooldown', setting: 'cooldownSeconds', tier: 'cooldownSeconds' },
  { key: 'set.pictures', option: 'pictures', setting: 'maxPicturesPerPrompt', tier: 'maxPicturesPerPrompt' },
  { key: 'set.share', option: 'share', setting: 'queueShare', tier: 'weight' },
] as const;

export function setOptions(command: SlashCommandSubcommandBuilder): SlashCommandSubcommandBuilder {
  for (const { key, option, tier } of NUMBERS) {
    const { min, max } = SETTING_RANGES[tier];
    if (option === 'share') {
      command.addNumberOption((o) => named(o, key).setMinValue(min).setMaxValue(max));
    } else {
      command.addIntegerOption((o) => named(o, key).setMinValue(min).setMaxValue(max));
    }
  }
  return command
    .addStringOption((o) =>
      named(o, 'set.buttons').addChoices(choice('buttons.anyone', 'anyone'), choice('buttons.requester', 'requester')),
    )
    .addRoleOption((o) => named(o, 'set.role'))
    .addRoleOption((o) => named(o, 'set.remove-role'))
    .addChannelOption((o) => named(o, 'set.channel').addChannelTypes(...CHANNEL_TYPES))
    .addChannelOption((o) => named(o, 'set.remove-channel').addChannelTypes(...CHANNEL_TYPES))
    .addBooleanOption((o) => named(o, 'set.everywhere'))
    .addStringOption((o) => named(o, 'set.block').setMaxLength(1000))
    .addStringOption((o) => named(o, 'set.allow').setMaxLength(1000));
}

/**
 * The settings that the options change, whole values each.
 * @throws LocalError when nothing changes, or when a value cannot be used
 */
export function readChanges(before: GuildSettings, options: Options): Partial<GuildSettings> {
  const numbers = readNumbers(options);
  const changes: { -readonly [K in keyof GuildSettings]?: GuildSettings[K] } = {};
  const role = options.getRole('role');
  if (role === null) {
    for (const { setting, value } of numbers) {
      changes[setting] = value;
    }
  } else if (numbers.length === 0) {
    throw new LocalError('role_value', (t) => t('limits.roleValue'));
  }
  const tiers = changeTiers(before.roleTiers, role?.id, numbers, options.getRole('remove-role')?.id);
  if (tiers !== undefined) {
    changes.roleTiers = tiers;
  }
  const buttons = options.getString('buttons');
  if (buttons === 'anyone' || buttons === 'requester') {
    changes.buttons = buttons;
  }
  const channels = changeChannels(before.allowedChannelIds, options);
  if (channels !== undefined) {
    changes.allowedChannelIds = channels;
  }
  const words = changeWords(before.blockedWords, options.getString('block'), options.getString('allow'));
  if (words !== undefined) {
    changes.blockedWords = words;
  }
  if (Object.keys(changes).length === 0) {
    throw new LocalError('nothing', (t) => t('limits.nothing'));
  }
  return changes;
}

interface NumberChange {
  readonly setting: (typeof NUMBERS)[number]['setting'];
  readonly tier: (typeof NUMBERS)[number]['tier'];
  readonly value: number;
}

function readNumbers(options: Options): NumberChange[] {
  return NUMBERS.flatMap(({ option, setting, tier }) => {
    const { min, max } = SETTING_RANGES[tier];
    const value = option === 'share' ? options.getNumber(option) : options.getInteger(option);
    if (value === null) {
      return [];
    }
    const isWhole = option === 'share' || Number.isInteger(value);
    // Discord's clients keep the bounds; a forged request does not.
    if (!(isWhole && value >= min && value <= max)) {
      throw new LocalError('bad_value', (t) => t('error.malformed'));
    }
    return [{ setting, tier, value }];
  });
}

function changeTiers(
  before: readonly RoleTier[],
  roleId: string | undefined,
  numbers: readonly NumberChange[],
  removedId: string | undefined,
): readonly RoleTier[] | undefined {
  if (roleId === undefined && removedId === undefined) {
    return undefined;
  }
  const kept = before.filter((tier) => tier.roleId !== roleId && tier.roleId !== removedId);
  if (roleId === undefined) {
    return kept;
  }
  const own = before.find((tier) => tier.roleId === roleId) ?? { roleId };
  const values = Object.fromEntries(numbers.map(({ tier, value }) => [tier, value]));
  if (kept.length >= MAX_ROLE_TIERS) {
    throw tooMany(MAX_ROLE_TIERS);
  }
  return [...kept, { ...own, ...values }];
}

function changeChannels(before: readonly string[] | null, options: Options): readonly string[] | null | undefined {
  if (options.getBoolean('everywhere') === true) {
    return null;
  }
  const added = options.getChannel('channel')?.id;
  const removed = options.getChannel('remove-channel')?.id;
  if (added === undefined && removed === undefined) {
    return undefined;
  }
  const channels = new Set(before ?? []);
  if (added !== undefined) {
    channels.add(added);
  }
  if (removed !== undefined) {
    channels.delete(removed);
  }
  if (channels.size > MAX_ALLOWED_CHANNELS) {
    throw tooMany(MAX_ALLOWED_CHANNELS);
  }
  // The last channel taken away: nowhere would be a pause in disguise.
  return channels.size === 0 ? null : [...channels];
}

/** A word that the general list blocks is allowed by an entry `-word`. */
function changeWords(
  before: readonly string[],
  block: string | null,
  allow: string | null,
): readonly string[] | undefined {
  if (block === null && allow === null) {
    return undefined;
  }
  const words = new Set(before);
  for (const word of splitWords(block)) {
    words.delete(`-${word}`);
    words.add(word);
  }
  for (const word of splitWords(allow)) {
    if (!words.delete(word)) {
      words.add(`-${word}`);
    }
  }
  if (words.size > MAX_BLOCKED_WORDS) {
    throw tooMany(MAX_BLOCKED_WORDS);
  }
  return [...words];
}

function splitWords(text: string | null): string[] {
  const words = (text ?? '')
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '');
  for (const word of words) {
    const isUsable =
      word.length <= MAX_WORD_CHARS && /[\p{L}\p{N}].*[\p{L}\p{N}]/su.test(word) && !word.startsWith('-');
    if (!isUsable) {
      const shown = plainWord(word, MAX_WORD_CHARS);
      throw new LocalError('bad_word', (t) => t('limits.badWord', { word: shown, max: MAX_BLOCKED_WORDS }));
    }
  }
  return words;
}

function tooMany(max: number): LocalError {
  return new LocalError('too_many', (t) => t('limits.tooMany', { max }));
}
