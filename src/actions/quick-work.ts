import type { Asker } from '../domain/asker.js';
import { effectiveLimits } from '../domain/limits.js';
import type { Ask } from './ask.js';
import { LocalError } from './local-error.js';

const HOUR_MS = 3_600_000;
/** Of each job: it has four pictures to be shown large. */
const PER_JOB = 4;
/** At once, of all members: more would take the time of whoever paints. */
const SLOTS = 2;

/**
 * Work that is too short for the queue (showing a picture large, describing one, reading an upload), under the same
 * rules: one at a time for a member, members in turns, no more in an hour than the server's limits allow.
 */
export class QuickWork {
  readonly #clock: () => number;
  /** What waits, by member, in the order in which they have their turns. */
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #busy = new Set<string>();
  /** When each member of a server was let in during the last hour. */
  readonly #admissions = new Map<string, readonly number[]>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Lets one piece of work in. @throws LocalError where the server is paused, or the member's limits are reached */
  admit({ asker, settings }: Ask): void {
    if (settings.paused) {
      throw new LocalError('refused', (t) => t('guard.paused'));
    }
    const { jobsPerHour, maxWaitingPerMember } = effectiveLimits(settings, asker.roleIds);
    if ((this.#waiting.get(asker.userId)?.length ?? 0) >= maxWaitingPerMember) {
      throw new LocalError('refused', (t) => t('guard.waiting', { max: maxWaitingPerMember }));
    }
    const since = this.#clock() - HOUR_MS;
    const key = `${asker.guildId}:${asker.userId}`;
    const lately = (this.#admissions.get(key) ?? []).filter((at) => at > since);
    const max = jobsPerHour * PER_JOB;
    if (max > 0 && lately.length >= max) {
      throw new LocalError('refused', (t) => t('guard.hour', { max }));
    }
    // Last in the order of their newest: the first are the ones to be forgotten.
    this.#admissions.delete(key);
    this.#admissions.set(key, [...lately, this.#clock()]);
    this.#forget(since);
  }

  /** Runs `work` when it is the member's turn. */
  async run<T>({ userId }: Pick<Asker, 'userId'>, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting.set(userId, [...(this.#waiting.get(userId) ?? []), resolve]);
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#busy.delete(userId);
      this.#next();
    }
  }

  #next(): void {
    for (const [userId, waiting] of this.#waiting) {
      if (this.#busy.size >= SLOTS) {
        return;
      }
      if (this.#busy.has(userId)) {
        continue;
      }
      const [start, ...rest] = waiting;
      // Behind everybody else: the next turn is theirs.
      this.#waiting.delete(userId);
      if (rest.length > 0) {
        this.#waiting.set(userId, rest);
      }
      this.#busy.add(userId);
      start?.();
    }
  }

  /** Those who have done nothing for an hour. */
  #forget(since: number): void {
    for (const [key, times] of this.#admissions) {
      if ((times.at(-1) ?? 0) > since) {
        return;
      }
      this.#admissions.delete(key);
    }
  }
}
