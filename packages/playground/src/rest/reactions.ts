import { refuse } from '../discord-error.js';
import type { Parts } from '../parts.js';
import { addReaction, clearReactions, removeReaction } from '../reactions.js';
import { emojiKey, reactionEmoji } from '../validate/emoji.js';
import type { Channel, Emoji, Message } from '../world-types.js';
import { botNeeds, channelOf, messageOf } from './lookup.js';
import { type ApiRequest, noContent, ok, param, type Route } from './router.js';

const BASE = '/channels/:channelId/messages/:messageId/reactions';

/** Reactions, the bot's own and others'. */
export function reactionRoutes(parts: Parts): Route[] {
  const { world, wire } = parts;
  const botId = world.people.bot.id;

  const find = (request: ApiRequest): { channel: Channel; message: Message; emoji: Emoji } => {
    const channel = channelOf(parts, request);
    const message = messageOf(parts, channel, request);
    const emoji = reactionEmoji(param(request, 'emoji'));
    if (!emoji || emoji.id !== null) {
      throw refuse('unknownEmoji');
    }
    return { channel, message, emoji };
  };

  return [
    {
      method: 'PUT',
      path: `${BASE}/:emoji/@me`,
      handle: (request) => {
        const { channel, message, emoji } = find(request);
        addReaction(world, channel, message, botId, emoji);
        return noContent;
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/:emoji/@me`,
      handle: (request) => {
        const { message, emoji } = find(request);
        if (!removeReaction(world, message, botId, emoji)) {
          throw refuse('unknownEmoji');
        }
        return noContent;
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/:emoji/:userId`,
      handle: (request) => {
        const { channel, message, emoji } = find(request);
        const userId = param(request, 'userId');
        if (userId !== botId) {
          botNeeds(parts, channel, 'ManageMessages');
        }
        if (!removeReaction(world, message, userId, emoji)) {
          throw refuse('unknownEmoji');
        }
        return noContent;
      },
    },
    {
      method: 'GET',
      path: `${BASE}/:emoji`,
      handle: (request) => {
        const { message, emoji } = find(request);
        const userIds = message.reactions.get(emojiKey(emoji))?.userIds ?? [];
        return ok([...userIds].map((id) => wire.userById(id)));
      },
    },
    {
      method: 'DELETE',
      path: `${BASE}/:emoji`,
      handle: (request) => {
        const { channel, message, emoji } = find(request);
        botNeeds(parts, channel, 'ManageMessages');
        clearReactions(world, message, emoji);
        return noContent;
      },
    },
    {
      method: 'DELETE',
      path: BASE,
      handle: (request) => {
        const channel = channelOf(parts, request);
        botNeeds(parts, channel, 'ManageMessages');
        clearReactions(world, messageOf(parts, channel, request), null);
        return noContent;
      },
    },
  ];
}
