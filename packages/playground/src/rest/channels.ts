import { z } from 'zod';
import { invalidForm, refuse } from '../discord-error.js';
import type { Parts } from '../parts.js';
import { parseBody, snowflake, text } from '../validate/form.js';
import { messageEdit, newMessage } from '../validate/message.js';
import { type Channel, ChannelType } from '../world-types.js';
import { botNeeds, channelOf, messageOf } from './lookup.js';
import { type ApiRequest, noContent, ok, type Route } from './router.js';

const isThread = (channel: Channel) =>
  channel.type === ChannelType.PublicThread || channel.type === ChannelType.PrivateThread;

const threadBody = z.strictObject({
  name: text(1, 100),
  auto_archive_duration: z.literal([60, 1440, 4320, 10080]).nullish(),
  rate_limit_per_user: z.int().min(0).max(21600).nullish(),
  type: z.literal([ChannelType.PublicThread, ChannelType.PrivateThread]).optional(),
  invitable: z.boolean().optional(),
});

/** An id in the query. */
function cursor(request: ApiRequest, name: string): bigint | undefined {
  const given = request.query.get(name);
  return given === null ? undefined : BigInt(parseBody(snowflake, given, [name]));
}

/** Channels, their messages, typing and threads. */
export function channelRoutes(parts: Parts): Route[] {
  const { world, wire, messages } = parts;
  const botId = world.people.bot.id;
  const show = (message: Parameters<typeof wire.message>[0]) => wire.message(message, botId);

  const startThread = (parent: Channel, request: ApiRequest, messageId?: string) => {
    const body = parseBody(threadBody, request.body);
    if (parent.type !== ChannelType.GuildText) {
      throw refuse('wrongChannelType');
    }
    botNeeds(parts, parent, 'CreatePublicThreads');
    if (messageId && world.channels.has(messageId)) {
      throw refuse('hasThread');
    }
    return { status: 201, body: wire.channel(world.addThread(parent, body.name, botId, body.type ?? 11, messageId)) };
  };

  return [
    { method: 'GET', path: '/channels/:channelId', handle: (request) => ok(wire.channel(channelOf(parts, request))) },
    {
      method: 'DELETE',
      path: '/channels/:channelId',
      handle: (request) => {
        const channel = channelOf(parts, request);
        botNeeds(parts, channel, isThread(channel) ? 'ManageThreads' : 'ManageChannels');
        world.removeChannel(channel);
        return ok(wire.channel(channel));
      },
    },
    {
      method: 'GET',
      path: '/channels/:channelId/messages',
      handle: (request) => {
        const channel = channelOf(parts, request);
        botNeeds(parts, channel, 'ReadMessageHistory');
        const limit = Number(request.query.get('limit') ?? 50);
        if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
          const message = 'int value should be between 1 and 100.';
          throw invalidForm([{ path: ['limit'], code: 'NUMBER_TYPE_MAX', message }]);
        }
        const before = cursor(request, 'before') ?? 2n ** 64n;
        const after = cursor(request, 'after') ?? 0n;
        const found = world
          .channelMessages(channel.id)
          .filter(
            (message) => message.ephemeralFor === null && BigInt(message.id) < before && BigInt(message.id) > after,
          )
          .reverse();
        return ok(found.slice(0, limit).map(show));
      },
    },
    {
      method: 'POST',
      path: '/channels/:channelId/messages',
      handle: (request) => {
        const channel = channelOf(parts, request);
        const body = parseBody(newMessage, request.body ?? {});
        if (channel.recipientId !== null && world.users.get(channel.recipientId)?.dmsClosed) {
          throw refuse('cannotMessageUser');
        }
        botNeeds(parts, channel, isThread(channel) ? 'SendMessagesInThreads' : 'SendMessages');
        return ok(
          show(
            messages.create({
              channel,
              authorId: botId,
              body,
              files: request.files,
              replyTo: reference(body, channel),
            }),
          ),
        );
      },
    },
    {
      method: 'GET',
      path: '/channels/:channelId/messages/:messageId',
      handle: (request) => {
        const channel = channelOf(parts, request);
        botNeeds(parts, channel, 'ReadMessageHistory');
        return ok(show(messageOf(parts, channel, request)));
      },
    },
    {
      method: 'PATCH',
      path: '/channels/:channelId/messages/:messageId',
      handle: (request) => {
        const channel = channelOf(parts, request);
        const message = messageOf(parts, channel, request);
        if (message.authorId !== botId) {
          throw refuse('notYourMessage');
        }
        if (isThread(channel) && channel.archived) {
          throw refuse('threadArchived');
        }
        const body = parseBody(messageEdit, request.body ?? {});
        return ok(show(messages.edit(message, { channel, authorId: botId, body, files: request.files })));
      },
    },
    {
      method: 'DELETE',
      path: '/channels/:channelId/messages/:messageId',
      handle: (request) => {
        const channel = channelOf(parts, request);
        const message = messageOf(parts, channel, request);
        if (message.authorId !== botId) {
          botNeeds(parts, channel, 'ManageMessages');
        }
        messages.delete(message);
        return noContent;
      },
    },
    {
      method: 'POST',
      path: '/channels/:channelId/typing',
      handle: (request) => {
        const channel = channelOf(parts, request);
        botNeeds(parts, channel, isThread(channel) ? 'SendMessagesInThreads' : 'SendMessages');
        world.tell({ kind: 'typing', channel, userId: botId });
        return noContent;
      },
    },
    {
      method: 'POST',
      path: '/channels/:channelId/threads',
      handle: (request) => startThread(channelOf(parts, request), request),
    },
    {
      method: 'POST',
      path: '/channels/:channelId/messages/:messageId/threads',
      handle: (request) => {
        const channel = channelOf(parts, request);
        return startThread(channel, request, messageOf(parts, channel, request).id);
      },
    },
    {
      method: 'PUT',
      path: '/channels/:channelId/thread-members/@me',
      handle: (request) => {
        if (!isThread(channelOf(parts, request))) {
          throw refuse('wrongChannelType');
        }
        return noContent;
      },
    },
  ];

  /** The message that a new one replies to; null when there is none any more and that is fine with the sender. */
  function reference(body: z.infer<typeof newMessage>, channel: Channel): string | null {
    const { message_reference: given } = body;
    if (!given) {
      return null;
    }
    botNeeds(parts, channel, 'ReadMessageHistory');
    const message = world.messages.get(String(given.message_id));
    if (message?.channelId === channel.id && message.ephemeralFor === null) {
      return message.id;
    }
    if (given.fail_if_not_exists === false) {
      return null;
    }
    const code = 'REPLIES_UNKNOWN_MESSAGE';
    throw invalidForm([{ path: ['message_reference'], code, message: 'Unknown message' }]);
  }
}
