import type { Asker } from '../../domain/asker.js';

/** Permission bits of Discord that a picture message needs, by the names that moderators see. */
const NEEDED = [
  { name: 'View Channel', bit: 1n << 10n, where: 'everywhere' },
  { name: 'Send Messages', bit: 1n << 11n, where: 'channel' },
  { name: 'Send Messages in Threads', bit: 1n << 38n, where: 'thread' },
  { name: 'Embed Links', bit: 1n << 14n, where: 'everywhere' },
  { name: 'Attach Files', bit: 1n << 15n, where: 'everywhere' },
] as const;

const ADMINISTRATOR = 1n << 3n;

/** Names of the permissions the bot lacks where the asker is; nothing in direct messages, where there are none to give. */
export function missingPermissions(asker: Asker): readonly string[] {
  const has = asker.appPermissions;
  if (asker.guildId === null || has === null || (has & ADMINISTRATOR) !== 0n) {
    return [];
  }
  const kind = asker.inThread ? 'thread' : 'channel';
  return NEEDED.filter(({ bit, where }) => (where === 'everywhere' || where === kind) && (has & bit) === 0n).map(
    ({ name }) => name,
  );
}
