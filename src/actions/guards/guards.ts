import type { Asker, Wish } from '../../domain/asker.js';
import { type EffectiveLimits, effectiveLimits } from '../../domain/limits.js';
import type { GuildSettings } from '../../domain/settings.js';
import type { LocalText } from '../../i18n/index.js';
import type { JobQueue } from '../../queue/queue.js';
import type { Store } from '../../store/store.js';
import { missingPermissions } from './permissions.js';
import type { WordFilter } from './words.js';

const HOUR_MS = 3_600_000;
/** Stands for "not in a server" wherever settings are asked for: nobody can set any there, so the defaults hold. */
const DIRECT_MESSAGES = 'dm';

export interface GuardDeps {
  readonly store: Store;
  readonly queue: JobQueue;
  readonly words: WordFilter;
  readonly clock: () => number;
}

interface Case extends GuardDeps {
  readonly asker: Asker;
  readonly wish: Wish;
  readonly settings: GuildSettings;
  readonly limits: EffectiveLimits;
}

/** A guard says why not, or nothing. It never answers by itself. */
type Guard = (c: Case) => LocalText | undefined;

/** Settings of where the asker is. */
export function settingsOf(store: Store, guildId: string | null): GuildSettings {
  return store.settings.get(guildId ?? DIRECT_MESSAGES);
}

/** Every guard before a job is stored, the cheapest first; the first refusal counts. */
export function guardWish(deps: GuardDeps, asker: Asker, wish: Wish): LocalText | undefined {
  const settings = settingsOf(deps.store, asker.guildId);
  const c: Case = { ...deps, asker, wish, settings, limits: effectiveLimits(settings, asker.roleIds) };
  for (const guard of GUARDS) {
    const refusal = guard(c);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The one guard that also holds where nothing is painted (upscale, describe): the bot must be able to show pictures. */
export function guardPermissions(asker: Asker): LocalText | undefined {
  const missing = missingPermissions(asker);
  if (missing.length === 0) return undefined;
  return (t) => t('guard.permissions', { permissions: missing.join(', ') });
}

const paused: Guard = ({ settings }) => (settings.paused ? (t) => t('guard.paused') : undefined);

const channel: Guard = ({ settings, asker }) => {
  const allowed = settings.allowedChannelIds;
  if (allowed === null || asker.guildId === null) return undefined;
  if (allowed.includes(asker.channelId)) return undefined;
  if (asker.parentChannelId !== null && allowed.includes(asker.parentChannelId)) return undefined;
  return (t) =>
    t('guard.channel', {
      channels:
        allowed
          .slice(0, 10)
          .map((id) => `<#${id}>`)
          .join(' ') || '—',
    });
};

const permissions: Guard = ({ asker }) => guardPermissions(asker);

const words: Guard = ({ words, wish, settings }) => {
  const word = words.find(wish.prompt, settings.blockedWords);
  return word === undefined ? undefined : (t) => t('guard.word', { word: word.replace(/[`*_~|@<>]/g, '') });
};

const pictures: Guard = ({ wish, limits }) =>
  wish.count > limits.maxPicturesPerPrompt
    ? (t) => t('guard.pictures', { max: limits.maxPicturesPerPrompt })
    : undefined;

const waiting: Guard = ({ queue, asker, limits }) =>
  queue.waitingCountOf(asker.guildId, asker.userId) >= limits.maxWaitingPerMember
    ? (t) => t('guard.waiting', { max: limits.maxWaitingPerMember })
    : undefined;

const cooldown: Guard = ({ store, asker, limits, clock }) => {
  if (limits.cooldownSeconds === 0) return undefined;
  const last = store.jobs.lastCreatedAt(asker.guildId, asker.userId);
  if (last === null) return undefined;
  const freeAt = last + limits.cooldownSeconds * 1000;
  return clock() < freeAt ? (t) => t('guard.cooldown', { when: `<t:${Math.ceil(freeAt / 1000)}:R>` }) : undefined;
};

const hourly: Guard = ({ store, asker, limits, clock }) =>
  limits.jobsPerHour > 0 && store.jobs.countSince(asker.guildId, asker.userId, clock() - HOUR_MS) >= limits.jobsPerHour
    ? (t) => t('guard.hour', { max: limits.jobsPerHour })
    : undefined;

const daily: Guard = ({ store, asker, limits, clock }) =>
  limits.jobsPerDay > 0 &&
  store.jobs.countSince(asker.guildId, asker.userId, clock() - 24 * HOUR_MS) >= limits.jobsPerDay
    ? (t) => t('guard.day', { max: limits.jobsPerDay })
    : undefined;

const GUARDS: readonly Guard[] = [paused, channel, permissions, words, pictures, waiting, cooldown, hourly, daily];
