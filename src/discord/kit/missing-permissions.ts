import { PermissionFlagsBits } from 'discord.js';

/** Permissions that a picture message needs, by the names that moderators see. */
const NEEDED = [
  { name: 'View Channel', bit: PermissionFlagsBits.ViewChannel, where: 'everywhere' },
  { name: 'Send Messages', bit: PermissionFlagsBits.SendMessages, where: 'channel' },
  { name: 'Send Messages in Threads', bit: PermissionFlagsBits.SendMessagesInThreads, where: 'thread' },
  { name: 'Embed Links', bit: PermissionFlagsBits.EmbedLinks, where: 'everywhere' },
  { name: 'Attach Files', bit: PermissionFlagsBits.AttachFiles, where: 'everywhere' },
] as const;

/**
 * Names of the permissions that the bot lacks in a channel or thread.
 * @param has what it has there; null where Discord does not say (a reaction in an uncached channel, a direct message)
 */
export function missingPermissions(has: bigint | null, where: 'channel' | 'thread'): readonly string[] {
  if (has === null || (has & PermissionFlagsBits.Administrator) !== 0n) {
    return [];
  }
  const isNeeded = (needed: (typeof NEEDED)[number]) => needed.where === 'everywhere' || needed.where === where;
  return NEEDED.filter((needed) => isNeeded(needed) && (has & needed.bit) === 0n).map(({ name }) => name);
}
