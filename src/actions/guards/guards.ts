import type { Asker, Wish } from '../../domain/asker.js';
import { type EffectiveLimits, effectiveLimits } from '../../domain/limits.js';
import type { LocalText } from '../../i18n/index.js';
import type { ActionParts, Ask } from '../ask.js';
import { LocalError } from '../local-error.js';
import { plainWord } from '../plain-word.js';

interface Case extends ActionParts, Ask {
  readonly wish: Wish;
  readonly limits: EffectiveLimits;
}

/** A guard says why not, or nothing. It never answers by itself. */
type Guard = (c: Case) => LocalText | undefined;

/** Every guard before a job is stored, the cheapest first; the first refusal counts. @throws LocalError */
export function assertMayWish(parts: ActionParts, ask: Ask, wish: Wish): void {
  const c: Case = { ...parts, ...ask, wish, limits: effectiveLimits(ask.settings, ask.asker.roleIds) };
  for (const guard of GUARDS) {
    assertNot(guard(c));
  }
}

/**
 * The one guard that also holds where nothing is painted (upscale, describe): the bot must be able to show pictures.
 * @throws LocalError
 */
export function assertMayShow(asker: Asker): void {
  assertNot(missingRefusal(asker));
}

function assertNot(refusal: LocalText | undefined): void {
  if (refusal !== undefined) {
    throw new LocalError('refused', refusal);
  }
}

function missingRefusal({ missingPermissions: missing }: Asker): LocalText | undefined {
  return missing.length === 0 ? undefined : (t) => t('guard.permissions', { permissions: missing.join(', ') });
}

const paused: Guard = ({ settings }) => (settings.paused ? (t) => t('guard.paused') : undefined);

const channel: Guard = ({ settings, asker }) => {
  const allowed = settings.allowedChannelIds;
  if (allowed === null || asker.guildId === null) {
    return undefined;
  }
  if (allowed.includes(asker.channelId)) {
    return undefined;
  }
  if (asker.parentChannelId !== null && allowed.includes(asker.parentChannelId)) {
    return undefined;
  }
  return (t) =>
    t('guard.channel', {
      channels:
        allowed
          .slice(0, 10)
          .map((id) => `<#${id}>`)
          .join(' ') || '—',
    });
};

const permissions: Guard = ({ asker }) => missingRefusal(asker);

const words: Guard = ({ words, wish, settings }) => {
  const word = words.find(wish.prompt, settings.blockedWords);
  return word === undefined ? undefined : (t) => t('guard.word', { word: plainWord(word) });
};

const pictures: Guard = ({ wish, limits }) =>
  wish.count > limits.maxPicturesPerPrompt
    ? (t) => t('guard.pictures', { max: limits.maxPicturesPerPrompt })
    : undefined;

const waiting: Guard = ({ queue, asker, limits }) =>
  queue.waitingCountOf(asker.guildId, asker.userId) >= limits.maxWaitingPerMember
    ? (t) => t('guard.waiting', { max: limits.maxWaitingPerMember })
    : undefined;

/** How often lately; asked of the store once, and not at all where nothing limits it. */
const rates: Guard = ({ store, asker, limits, clock }) => {
  const { cooldownSeconds, jobsPerHour, jobsPerDay } = limits;
  if (cooldownSeconds === 0 && jobsPerHour === 0 && jobsPerDay === 0) {
    return undefined;
  }
  const now = clock();
  const { lastCreatedAt, lastHour, lastDay } = store.jobs.usage(asker.guildId, asker.userId, now);
  const freeAt = lastCreatedAt === null ? now : lastCreatedAt + cooldownSeconds * 1000;
  if (now < freeAt) {
    return (t) => t('guard.cooldown', { when: `<t:${Math.ceil(freeAt / 1000)}:R>` });
  }
  if (jobsPerHour > 0 && lastHour >= jobsPerHour) {
    return (t) => t('guard.hour', { max: jobsPerHour });
  }
  if (jobsPerDay > 0 && lastDay >= jobsPerDay) {
    return (t) => t('guard.day', { max: jobsPerDay });
  }
  return undefined;
};

const GUARDS: readonly Guard[] = [paused, channel, permissions, words, pictures, waiting, rates];
