import { Intent } from './intents.js';
import { Permission } from './permissions.js';
import type { Wire } from './wire.js';
import type { World } from './world.js';
import { type Channel, ChannelType, type Json, type Message, type WorldChange } from './world-types.js';

/** One gateway event before it is numbered. */
export interface Dispatch {
  readonly t: string;
  readonly d: Json;
  readonly guildId: string | null;
}

/** The gateway events that tell the bot of a change; none where the bot may not know of it. */
export function toDispatches(world: World, wire: Wire, change: WorldChange, intents: number): Dispatch[] {
  const bot = world.people.bot;
  const inGuild = (guildId: string | null): Json => (guildId === null ? {} : { guild_id: guildId });
  switch (change.kind) {
    case 'messageCreate':
    case 'messageUpdate':
    case 'messageDelete': {
      const { message } = change;
      if (!botSees(world, message)) {
        return [];
      }
      const base = { guildId: message.guildId };
      if (change.kind === 'messageDelete') {
        const d = { id: message.id, channel_id: message.channelId, ...inGuild(message.guildId) };
        return [{ ...base, t: 'MESSAGE_DELETE', d }];
      }
      const member =
        message.guildId === null ? undefined : world.guilds.get(message.guildId)?.members.get(message.authorId);
      const d = {
        ...redact(wire.message(message, bot.id), message, bot.id, intents),
        ...inGuild(message.guildId),
        ...(member ? { member: wire.memberAlone(member) } : {}),
      };
      return [{ ...base, t: change.kind === 'messageCreate' ? 'MESSAGE_CREATE' : 'MESSAGE_UPDATE', d }];
    }
    case 'reactionAdd':
    case 'reactionRemove': {
      const { message, userId, emoji } = change;
      if (!botSees(world, message)) {
        return [];
      }
      const member = message.guildId === null ? undefined : world.guilds.get(message.guildId)?.members.get(userId);
      const isAdd = change.kind === 'reactionAdd';
      const d = {
        user_id: userId,
        channel_id: message.channelId,
        message_id: message.id,
        emoji: wire.emoji(emoji),
        burst: false,
        type: 0,
        ...inGuild(message.guildId),
        ...(isAdd ? { message_author_id: message.authorId, burst_colors: [] } : {}),
        ...(isAdd && member ? { member: wire.member(member) } : {}),
      };
      return [{ t: isAdd ? 'MESSAGE_REACTION_ADD' : 'MESSAGE_REACTION_REMOVE', d, guildId: message.guildId }];
    }
    case 'reactionsClear': {
      const { message, emoji } = change;
      if (!botSees(world, message)) {
        return [];
      }
      const where = { channel_id: message.channelId, message_id: message.id, ...inGuild(message.guildId) };
      if (emoji === null) {
        return [{ t: 'MESSAGE_REACTION_REMOVE_ALL', d: where, guildId: message.guildId }];
      }
      return [
        { t: 'MESSAGE_REACTION_REMOVE_EMOJI', d: { ...where, emoji: wire.emoji(emoji) }, guildId: message.guildId },
      ];
    }
    case 'channelCreate':
    case 'channelUpdate':
    case 'channelDelete':
      return [channelEvent(wire, change.kind, change.channel)];
    case 'guildCreate':
      return [{ t: 'GUILD_CREATE', d: wire.guildCreate(change.guild, bot.id), guildId: change.guild.id }];
    case 'memberAdd':
    case 'memberUpdate': {
      const t = change.kind === 'memberAdd' ? 'GUILD_MEMBER_ADD' : 'GUILD_MEMBER_UPDATE';
      return [{ t, d: { ...wire.member(change.member), guild_id: change.guildId }, guildId: change.guildId }];
    }
    case 'roleUpdate': {
      const d = { guild_id: change.guildId, role: wire.role(change.role) };
      return [{ t: 'GUILD_ROLE_UPDATE', d, guildId: change.guildId }];
    }
    case 'typing': {
      const { channel, userId } = change;
      const d = {
        channel_id: channel.id,
        user_id: userId,
        timestamp: Math.floor(world.now() / 1000),
        ...inGuild(channel.guildId),
      };
      return [{ t: 'TYPING_START', d, guildId: channel.guildId }];
    }
    case 'commands':
      return [];
  }
}

/** Nobody but the person who asked is told of ephemeral messages, and nobody of channels they cannot see. */
function botSees(world: World, message: Message): boolean {
  const channel = world.channels.get(message.channelId);
  if (message.ephemeralFor !== null || !channel) {
    return false;
  }
  return (world.permissionsOf(world.people.bot.id, channel) & Permission.ViewChannel) !== 0n;
}

/** Without MESSAGE_CONTENT a bot reads only its own messages, those that mention it, and direct messages. */
function redact(wire: Json, message: Message, botId: string, intents: number): Json {
  const mayRead =
    (intents & Intent.MessageContent) !== 0 ||
    message.guildId === null ||
    message.authorId === botId ||
    message.mentionIds.includes(botId);
  return mayRead ? wire : { ...wire, content: '', embeds: [], attachments: [], components: [] };
}

function channelEvent(
  wire: Wire,
  kind: 'channelCreate' | 'channelUpdate' | 'channelDelete',
  channel: Channel,
): Dispatch {
  const isThread = channel.type === ChannelType.PublicThread || channel.type === ChannelType.PrivateThread;
  const verb = kind.slice('channel'.length).toUpperCase();
  return { t: `${isThread ? 'THREAD' : 'CHANNEL'}_${verb}`, d: wire.channel(channel), guildId: channel.guildId };
}
