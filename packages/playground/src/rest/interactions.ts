import { refuse } from '../discord-error.js';
import type { Parts } from '../parts.js';
import { parseBody } from '../validate/form.js';
import { messageEdit } from '../validate/message.js';
import { MessageFlag } from '../world-types.js';
import { noContent, ok, param, type Route } from './router.js';

/** Answers to interactions, and what their tokens give power over afterwards. */
export function interactionRoutes(parts: Parts): Route[] {
  const { world, wire, interactions, messages } = parts;
  const botId = world.people.bot.id;
  const MESSAGE = '/webhooks/:applicationId/:token/messages/:messageId';
  const record = (request: Parameters<Route['handle']>[0]) =>
    interactions.byToken(param(request, 'applicationId'), param(request, 'token'));

  return [
    {
      method: 'POST',
      path: '/interactions/:interactionId/:token/callback',
      isPublic: true,
      handle: (request) => {
        const id = param(request, 'interactionId');
        const { type, message } = interactions.answer(id, param(request, 'token'), request.body, request.files);
        if (request.query.get('with_response') !== 'true') {
          return noContent;
        }
        const isAboutMessage = type === 4 || type === 5 || type === 6 || type === 7;
        const flags = message?.flags ?? 0;
        return ok({
          interaction: {
            id,
            type: interactions.records.get(id)?.type,
            ...(message
              ? {
                  response_message_id: message.id,
                  response_message_loading: (flags & MessageFlag.Loading) !== 0,
                  response_message_ephemeral: message.ephemeralFor !== null,
                }
              : {}),
          },
          resource: {
            type,
            ...(message && isAboutMessage && type !== 6 ? { message: wire.message(message, botId) } : {}),
          },
        });
      },
    },
    {
      method: 'POST',
      path: '/webhooks/:applicationId/:token',
      isPublic: true,
      handle: (request) => {
        const message = interactions.followUp(record(request), request.body ?? {}, request.files);
        return ok(wire.message(message, botId));
      },
    },
    {
      method: 'GET',
      path: MESSAGE,
      isPublic: true,
      handle: (request) =>
        ok(wire.message(interactions.messageOf(record(request), param(request, 'messageId')).message, botId)),
    },
    {
      method: 'PATCH',
      path: MESSAGE,
      isPublic: true,
      handle: (request) => {
        const found = interactions.messageOf(record(request), param(request, 'messageId'));
        if (found.message.authorId !== botId) {
          throw refuse('notYourMessage');
        }
        const body = parseBody(messageEdit, request.body ?? {});
        const draft = { channel: found.channel, authorId: botId, body, files: request.files };
        return ok(
          wire.message(messages.edit(found.message, { ...draft, ephemeralFor: found.message.ephemeralFor }), botId),
        );
      },
    },
    {
      method: 'DELETE',
      path: MESSAGE,
      isPublic: true,
      handle: (request) => {
        messages.delete(interactions.messageOf(record(request), param(request, 'messageId')).message);
        return noContent;
      },
    },
  ];
}
