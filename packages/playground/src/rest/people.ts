import { z } from 'zod';
import { refuse } from '../discord-error.js';
import type { Parts } from '../parts.js';
import { parseBody, snowflake } from '../validate/form.js';
import type { Json } from '../world-types.js';
import { guildOf } from './lookup.js';
import { type ApiRequest, ok, param, type Route } from './router.js';

/** The gateway's address, the application, users, servers, members and roles. */
export function peopleRoutes(parts: Parts): Route[] {
  const { world, wire, gateway } = parts;
  const { bot } = world.people;

  const application = (): Json => ({
    id: bot.id,
    name: bot.displayName,
    icon: null,
    description: 'The bot of this playground.',
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: '0'.repeat(64),
    flags: 0,
    team: null,
    summary: '',
    bot: wire.user(bot),
    owner: wire.user(world.people.moderator),
    approximate_guild_count: world.guilds.size,
  });
  const member = (request: ApiRequest) => {
    const found = guildOf(parts, request).members.get(param(request, 'userId').replace('@me', bot.id));
    if (!found) {
      throw refuse('unknownMember');
    }
    return ok(wire.member(found));
  };

  return [
    { method: 'GET', path: '/gateway', handle: () => ok({ url: gateway.info().url }) },
    { method: 'GET', path: '/gateway/bot', handle: () => ok(gateway.info()) },
    { method: 'GET', path: '/applications/@me', handle: () => ok(application()) },
    { method: 'GET', path: '/oauth2/applications/@me', handle: () => ok(application()) },
    { method: 'GET', path: '/users/@me', handle: () => ok(wire.user(bot)) },
    {
      method: 'GET',
      path: '/users/@me/guilds',
      handle: () => ok([...world.guilds.values()].map((guild) => ({ ...wire.guild(guild), owner: false }))),
    },
    {
      method: 'POST',
      path: '/users/@me/channels',
      handle: (request) => {
        const { recipient_id: id } = parseBody(z.strictObject({ recipient_id: snowflake }), request.body);
        const user = world.users.get(String(id));
        if (!user) {
          throw refuse('unknownUser');
        }
        if (user.isBot) {
          throw refuse('cannotMessageUser');
        }
        return ok(wire.channel(world.directMessages(user)));
      },
    },
    {
      method: 'GET',
      path: '/users/:userId',
      handle: (request) => {
        const user = world.users.get(param(request, 'userId'));
        if (!user) {
          throw refuse('unknownUser');
        }
        return ok(wire.user(user));
      },
    },
    { method: 'GET', path: '/guilds/:guildId', handle: (request) => ok(wire.guild(guildOf(parts, request))) },
    {
      method: 'GET',
      path: '/guilds/:guildId/channels',
      handle: (request) => {
        const { id } = guildOf(parts, request);
        const own = [...world.channels.values()].filter(
          (channel) => channel.guildId === id && channel.parentId === null,
        );
        return ok(own.map((channel) => wire.channel(channel)));
      },
    },
    {
      method: 'GET',
      path: '/guilds/:guildId/roles',
      handle: (request) => ok([...guildOf(parts, request).roles.values()].map((role) => wire.role(role))),
    },
    {
      method: 'GET',
      path: '/guilds/:guildId/roles/:roleId',
      handle: (request) => {
        const role = guildOf(parts, request).roles.get(param(request, 'roleId'));
        if (!role) {
          throw refuse('unknownRole');
        }
        return ok(wire.role(role));
      },
    },
    { method: 'GET', path: '/guilds/:guildId/members/:userId', handle: member },
    {
      method: 'GET',
      path: '/users/@me/guilds/:guildId/member',
      handle: (request) => member({ ...request, params: { ...request.params, userId: '@me' } }),
    },
  ];
}
