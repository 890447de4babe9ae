import type { GuildSettings, SettingsChange } from '../domain/settings.js';
import type { ActionParts, Ask } from './ask.js';
import { LocalError } from './local-error.js';

/** A moderator's wish, in a server. */
export interface ModeratorAsk extends Ask {
  readonly guildId: string;
}

/** @throws LocalError for whoever is no moderator, and outside servers */
export function asModerator(ask: Ask): ModeratorAsk {
  const { guildId, isModerator } = ask.asker;
  if (guildId === null) {
    throw new LocalError('guild_only', (t) => t('error.guildOnly'));
  }
  if (!isModerator) {
    throw new LocalError('not_moderator', (t) => t('error.notModerator'));
  }
  return { ...ask, guildId };
}

/** Writes each setting that changes, with an audit row. */
export function changeLimits(
  { store }: ActionParts,
  { guildId, asker }: ModeratorAsk,
  changes: Partial<GuildSettings>,
): readonly SettingsChange[] {
  return Object.entries(changes).map(([name, value]) =>
    store.settings.set(guildId, asker.userId, name as keyof GuildSettings, value),
  );
}

/** Back to the defaults; a paused server goes on. */
export function resetLimits(
  { store, queue }: ActionParts,
  { guildId, asker }: ModeratorAsk,
): readonly SettingsChange[] {
  const changes = store.settings.reset(guildId, asker.userId);
  queue.setPaused(guildId, false);
  return changes;
}

/** A paused server's jobs wait, and new ones are refused. */
export function pause({ store, queue }: ActionParts, { guildId, asker }: ModeratorAsk, isPaused: boolean): void {
  store.settings.set(guildId, asker.userId, 'paused', isPaused);
  queue.setPaused(guildId, isPaused);
}
