import { commandWire } from '../command-registry.js';
import { refuse } from '../discord-error.js';
import type { Parts } from '../parts.js';
import { type ApiRequest, noContent, ok, param, type Route } from './router.js';

/** Registration of commands, for all servers or for one. */
export function commandRoutes(parts: Parts): Route[] {
  const { world, commands } = parts;
  const botId = world.people.bot.id;

  const guildOf = (request: ApiRequest): string | null => {
    if (param(request, 'applicationId') !== botId) {
      throw refuse('unknownApplication');
    }
    const { guildId } = request.params;
    if (guildId === undefined) {
      return null;
    }
    if (!world.guilds.has(guildId)) {
      throw refuse('missingAccess');
    }
    return guildId;
  };
  const show = (one: Parameters<typeof commandWire>[0]) => commandWire(one, botId);

  return ['/applications/:applicationId/commands', '/applications/:applicationId/guilds/:guildId/commands'].flatMap(
    (path): Route[] => [
      { method: 'GET', path, handle: (request) => ok(commands.list(guildOf(request)).map(show)) },
      { method: 'PUT', path, handle: (request) => ok(commands.overwrite(request.body, guildOf(request)).map(show)) },
      { method: 'POST', path, handle: (request) => ok(show(commands.upsert(request.body, guildOf(request)))) },
      {
        method: 'GET',
        path: `${path}/:commandId`,
        handle: (request) => ok(show(commands.get(param(request, 'commandId'), guildOf(request)))),
      },
      {
        method: 'PATCH',
        path: `${path}/:commandId`,
        handle: (request) => ok(show(commands.edit(param(request, 'commandId'), request.body, guildOf(request)))),
      },
      {
        method: 'DELETE',
        path: `${path}/:commandId`,
        handle: (request) => {
          commands.remove(param(request, 'commandId'), guildOf(request));
          return noContent;
        },
      },
    ],
  );
}
