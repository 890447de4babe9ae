import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiscordError, errorBody, refuse } from '../discord-error.js';
import type { InjectedFault } from '../faults.js';
import type { Parts } from '../parts.js';
import { parseRequest, readBody } from './body.js';
import { channelRoutes } from './channels.js';
import { commandRoutes } from './commands.js';
import { interactionRoutes } from './interactions.js';
import { peopleRoutes } from './people.js';
import { RateLimits, tooMany } from './rate-limits.js';
import { reactionRoutes } from './reactions.js';
import { type ApiReply, matchRoute, type Route } from './router.js';

/** A request as tests may want to look it up afterwards. */
export interface SeenRequest {
  readonly method: string;
  readonly route: string;
  readonly path: string;
  readonly status: number;
  /** Discord's JSON code of a refusal. */
  readonly code: number | null;
  /** The parsed JSON, without files. */
  readonly body: unknown;
}

const SEEN_LIMIT = 5_000;

/** Discord's REST API, version 10, as far as a bot like ours uses it. */
export class RestApi {
  /** The latest requests, oldest first. */
  readonly seen: SeenRequest[] = [];
  readonly #parts: Parts;
  readonly #token: string;
  readonly #routes: readonly Route[];
  readonly #rates: RateLimits;

  constructor(parts: Parts, token: string) {
    this.#parts = parts;
    this.#token = token;
    this.#rates = new RateLimits(parts.limits.enforceRateLimits);
    this.#routes = [
      ...peopleRoutes(parts),
      ...commandRoutes(parts),
      ...interactionRoutes(parts),
      ...reactionRoutes(parts),
      ...channelRoutes(parts),
    ];
  }

  /** @param path without `/api/v10` */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const method = request.method ?? 'GET';
    const headers: Record<string, string> = {};
    const seen = { method, route: path, path, body: undefined as unknown };
    let code: number | null = null;
    let reply: ApiReply;
    try {
      const raw = await readBody(request, this.#parts.limits.requestBytes);
      const { route, params } = matchRoute(this.#routes, method, path);
      seen.route = route.path;
      const fault = this.#parts.faults.take(method, route.path);
      if (fault?.delayMs) {
        await sleep(fault.delayMs);
      }
      if (fault && !fault.afterEffect && strike(fault, request, headers)) {
        return;
      }
      if (!route.isPublic && request.headers.authorization !== `Bot ${this.#token}`) {
        throw refuse('unauthorized');
      }
      this.#limit(route, params, headers);
      const { body, files } = await parseRequest(raw, request.headers['content-type'] ?? '');
      seen.body = body;
      reply = route.handle({ method, route: route.path, params, query, body, files });
      if (fault?.afterEffect && strike(fault, request, headers)) {
        return;
      }
    } catch (error) {
      const known =
        error instanceof DiscordError
          ? error
          : new DiscordError(500, 0, `500: Internal Server Error (${String(error)})`);
      code = known.code;
      reply = { status: known.status, body: replyBody(known) };
    }
    this.#remember({ ...seen, status: reply.status, code });
    if (reply.body === undefined) {
      response.writeHead(reply.status, headers).end();
    } else {
      response
        .writeHead(reply.status, { ...headers, 'content-type': 'application/json' })
        .end(JSON.stringify(reply.body));
    }
  }

  #limit(route: Route, params: Readonly<Record<string, string>>, headers: Record<string, string>): void {
    const major = params.channelId ?? params.guildId ?? params.token ?? '';
    const verdict = this.#rates.take(`${route.method} ${route.path}`, major, !route.isPublic, Date.now());
    Object.assign(headers, verdict.headers);
    if (verdict.retryAfterMs !== null) {
      throw new RateLimited(verdict.retryAfterMs, verdict.isGlobal);
    }
  }

  #remember(seen: SeenRequest): void {
    this.seen.push(seen);
    if (this.seen.length > SEEN_LIMIT) {
      this.seen.shift();
    }
  }
}

class RateLimited extends DiscordError {
  readonly retryAfterMs: number;
  readonly isGlobal: boolean;

  constructor(retryAfterMs: number, isGlobal: boolean) {
    super(429, 0, 'You are being rate limited.');
    this.retryAfterMs = retryAfterMs;
    this.isGlobal = isGlobal;
  }
}

function replyBody(error: DiscordError): unknown {
  if (!(error instanceof RateLimited)) {
    return errorBody(error);
  }
  return { message: error.message, retry_after: error.retryAfterMs / 1000, global: error.isGlobal };
}

/** Does what an injected fault says. @returns true when the connection was cut and nothing is left to answer */
function strike(fault: InjectedFault, request: IncomingMessage, headers: Record<string, string>): boolean {
  const { answer } = fault;
  if (answer === 'reset') {
    request.socket.destroy();
    return true;
  }
  if (answer.status === 429) {
    const retryAfterMs = answer.retryAfterMs ?? 100;
    Object.assign(headers, tooMany(retryAfterMs, false));
    throw new RateLimited(retryAfterMs, false);
  }
  const known = answer.status === 413 ? refuse('entityTooLarge') : null;
  throw new DiscordError(
    answer.status,
    answer.code ?? known?.code ?? 0,
    answer.message ?? known?.message ?? `${answer.status}: injected`,
  );
}
