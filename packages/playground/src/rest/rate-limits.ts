import { createHash } from 'node:crypto';

interface Allowance {
  readonly limit: number;
  readonly windowMs: number;
}

/** Requests a window, by route, about as Discord hands them out; bots must read the headers, not this table. */
const ALLOWANCES: Readonly<Record<string, Allowance>> = {
  'POST /channels/:channelId/messages': { limit: 5, windowMs: 5_000 },
  'PATCH /channels/:channelId/messages/:messageId': { limit: 5, windowMs: 5_000 },
  'DELETE /channels/:channelId/messages/:messageId': { limit: 5, windowMs: 1_000 },
  'PUT /channels/:channelId/messages/:messageId/reactions/:emoji/@me': { limit: 1, windowMs: 250 },
  'POST /webhooks/:applicationId/:token': { limit: 5, windowMs: 2_000 },
  'PATCH /webhooks/:applicationId/:token/messages/:messageId': { limit: 5, windowMs: 2_000 },
};
const OTHERS: Allowance = { limit: 50, windowMs: 1_000 };
const GLOBAL: Allowance = { limit: 50, windowMs: 1_000 };

interface Window {
  used: number;
  endsAt: number;
}

export interface RateVerdict {
  readonly headers: Readonly<Record<string, string>>;
  /** Set when the request is refused. */
  readonly retryAfterMs: number | null;
  readonly isGlobal: boolean;
}

/** Counts requests in fixed windows and writes Discord's rate-limit headers. */
export class RateLimits {
  readonly #windows = new Map<string, Window>();
  readonly #isEnforced: boolean;

  constructor(isEnforced: boolean) {
    this.#isEnforced = isEnforced;
  }

  /**
   * @param route method and path of the table of routes
   * @param major the ids that share a bucket: channel, server, or webhook and token
   * @param countsGlobally interaction answers do not count towards the bot's 50 requests a second
   */
  take(route: string, major: string, countsGlobally: boolean, nowMs: number): RateVerdict {
    const allowance = this.#isEnforced ? (ALLOWANCES[route] ?? OTHERS) : { limit: 10_000, windowMs: 1_000 };
    const own = this.#window(`${route} ${major}`, allowance, nowMs);
    const all = countsGlobally && this.#isEnforced ? this.#window('global', GLOBAL, nowMs) : null;
    const isGlobal = all !== null && all.used >= GLOBAL.limit;
    const isOver = own.used >= allowance.limit;
    if (!isGlobal && !isOver) {
      own.used += 1;
      if (all) {
        all.used += 1;
      }
    }
    const resetAfterMs = Math.max(0, (isGlobal && all ? all : own).endsAt - nowMs);
    const headers: Record<string, string> = {
      'x-ratelimit-limit': String(allowance.limit),
      'x-ratelimit-remaining': String(Math.max(0, allowance.limit - own.used)),
      'x-ratelimit-reset': ((nowMs + resetAfterMs) / 1000).toFixed(3),
      'x-ratelimit-reset-after': (resetAfterMs / 1000).toFixed(3),
      'x-ratelimit-bucket': createHash('md5').update(route).digest('hex'),
    };
    if (!isGlobal && !isOver) {
      return { headers, retryAfterMs: null, isGlobal };
    }
    return { headers: { ...headers, ...tooMany(resetAfterMs, isGlobal) }, retryAfterMs: resetAfterMs, isGlobal };
  }

  #window(key: string, allowance: Allowance, nowMs: number): Window {
    let window = this.#windows.get(key);
    if (!window || window.endsAt <= nowMs) {
      window = { used: 0, endsAt: nowMs + allowance.windowMs };
      this.#windows.set(key, window);
      if (this.#windows.size > 5_000) {
        this.#sweep(nowMs);
      }
    }
    return window;
  }

  #sweep(nowMs: number): void {
    for (const [key, window] of this.#windows) {
      if (window.endsAt <= nowMs) {
        this.#windows.delete(key);
      }
    }
  }
}

/** Headers of a 429. */
export function tooMany(retryAfterMs: number, isGlobal: boolean): Record<string, string> {
  return {
    'retry-after': String(Math.ceil(retryAfterMs / 1000)),
    'x-ratelimit-scope': isGlobal ? 'global' : 'user',
    via: '1.1 playground',
    ...(isGlobal ? { 'x-ratelimit-global': 'true' } : {}),
  };
}
