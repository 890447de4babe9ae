import { refuse } from '../discord-error.js';
import type { Files } from '../messages.js';

/** One API call, parsed. */
export interface ApiRequest {
  readonly method: string;
  /** As in the table of routes: `/channels/:channelId/messages`. */
  readonly route: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly files: Files;
}

/** `undefined` as body means 204. */
export interface ApiReply {
  readonly status: number;
  readonly body?: unknown;
}

export interface Route {
  readonly method: string;
  readonly path: string;
  /** Routes with an interaction's token in the path need no bot token. */
  readonly isPublic?: boolean;
  readonly handle: (request: ApiRequest) => ApiReply;
}

export const ok = (body: unknown): ApiReply => ({ status: 200, body });
export const noContent: ApiReply = { status: 204 };

/** A path parameter that the route has for certain. */
export function param(request: ApiRequest, name: string): string {
  const value = request.params[name];
  if (value === undefined) {
    throw new Error(`The route ${request.route} has no :${name}.`);
  }
  return value;
}

/**
 * Finds the route of a path.
 * @throws DiscordError 404 for an unknown path, 405 for a known path with another method
 */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  pathname: string,
): { route: Route; params: Record<string, string> } {
  const given = pathname.split('/').map(decode);
  let isKnown = false;
  for (const route of routes) {
    const params = matchPath(route.path.split('/'), given);
    if (!params) {
      continue;
    }
    if (route.method === method) {
      return { route, params };
    }
    isKnown = true;
  }
  throw refuse(isKnown ? 'methodNotAllowed' : 'notFound');
}

function matchPath(pattern: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== given.length) {
    return undefined;
  }
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) {
      params[part.slice(1)] = value;
    } else if (part !== value) {
      return undefined;
    }
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
