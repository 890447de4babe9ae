import { refuse } from '../discord-error.js';
import type { Parts } from '../parts.js';
import type { Channel, Guild, Message } from '../world-types.js';
import { type ApiRequest, param } from './router.js';

/** The channel of a route, if the bot may see it. @throws DiscordError 10003, 50001 */
export function channelOf(parts: Parts, request: ApiRequest): Channel {
  const channel = parts.world.channels.get(param(request, 'channelId'));
  if (!channel) {
    throw refuse('unknownChannel');
  }
  if (!parts.world.may(parts.world.people.bot.id, channel, 'ViewChannel')) {
    throw refuse('missingAccess');
  }
  return channel;
}

/** A message of a route that the bot may read; ephemeral ones are not there. @throws DiscordError 10008, 50001 */
export function messageOf(parts: Parts, channel: Channel, request: ApiRequest): Message {
  const message = parts.world.messages.get(param(request, 'messageId'));
  if (!message || message.channelId !== channel.id || message.ephemeralFor !== null) {
    throw refuse('unknownMessage');
  }
  return message;
}

/** @throws DiscordError 10004 for a server that is not there or that the bot is not in */
export function guildOf(parts: Parts, request: ApiRequest): Guild {
  const guild = parts.world.guilds.get(param(request, 'guildId'));
  if (!guild?.members.has(parts.world.people.bot.id)) {
    throw refuse('unknownGuild');
  }
  return guild;
}

/** @throws DiscordError 50013 unless the bot has all of them */
export function botNeeds(parts: Parts, channel: Channel, ...names: Parameters<Parts['world']['may']>[2][]): void {
  if (!parts.world.may(parts.world.people.bot.id, channel, ...names)) {
    throw refuse('missingPermissions');
  }
}
