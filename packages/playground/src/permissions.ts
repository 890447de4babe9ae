import type { Channel, Guild, Member } from './world-types.js';

/** The permission bits that the playground knows how to give and take. */
export const Permission = {
  Administrator: 1n << 3n,
  ManageChannels: 1n << 4n,
  ManageGuild: 1n << 5n,
  AddReactions: 1n << 6n,
  ViewChannel: 1n << 10n,
  SendMessages: 1n << 11n,
  ManageMessages: 1n << 13n,
  EmbedLinks: 1n << 14n,
  AttachFiles: 1n << 15n,
  ReadMessageHistory: 1n << 16n,
  MentionEveryone: 1n << 17n,
  UseExternalEmojis: 1n << 18n,
  UseApplicationCommands: 1n << 31n,
  ManageThreads: 1n << 34n,
  CreatePublicThreads: 1n << 35n,
  SendMessagesInThreads: 1n << 38n,
  ModerateMembers: 1n << 40n,
  CreateGuildExpressions: 1n << 43n,
} as const satisfies Record<string, bigint>;

export type PermissionName = keyof typeof Permission;

export const ALL_PERMISSIONS = Object.values(Permission).reduce((all, bit) => all | bit, 0n);

/** What @everyone may do in a new server. */
export const EVERYONE_PERMISSIONS =
  Permission.AddReactions |
  Permission.ViewChannel |
  Permission.SendMessages |
  Permission.EmbedLinks |
  Permission.AttachFiles |
  Permission.ReadMessageHistory |
  Permission.UseExternalEmojis |
  Permission.UseApplicationCommands |
  Permission.CreatePublicThreads |
  Permission.SendMessagesInThreads;

/** What a bot has in a direct message, and the other side too. */
export const DM_PERMISSIONS =
  EVERYONE_PERMISSIONS & ~(Permission.CreatePublicThreads | Permission.SendMessagesInThreads);

/** Adds up names to bits. */
export function permissionBits(names: readonly PermissionName[]): bigint {
  return names.reduce((bits, name) => bits | Permission[name], 0n);
}

/** A member's permissions in the whole server, from the roles alone. */
export function guildPermissions(guild: Guild, member: Member): bigint {
  if (guild.ownerId === member.userId) {
    return ALL_PERMISSIONS;
  }
  let bits = guild.roles.get(guild.id)?.permissions ?? 0n;
  for (const roleId of member.roleIds) {
    bits |= guild.roles.get(roleId)?.permissions ?? 0n;
  }
  return bits & Permission.Administrator ? ALL_PERMISSIONS : bits;
}

/**
 * A member's permissions in a channel: roles, then the channel's overwrites for @everyone, roles and the member.
 * @param channel a thread takes its parent's overwrites; pass the parent
 */
export function channelPermissions(guild: Guild, channel: Channel, member: Member): bigint {
  let bits = guildPermissions(guild, member);
  if (bits & Permission.Administrator) {
    return bits;
  }
  const apply = (allow: bigint, deny: bigint) => {
    bits = (bits & ~deny) | allow;
  };
  const everyone = channel.overwrites.get(guild.id);
  if (everyone) {
    apply(everyone.allow, everyone.deny);
  }
  let allow = 0n;
  let deny = 0n;
  for (const roleId of member.roleIds) {
    allow |= channel.overwrites.get(roleId)?.allow ?? 0n;
    deny |= channel.overwrites.get(roleId)?.deny ?? 0n;
  }
  apply(allow, deny);
  const own = channel.overwrites.get(member.userId);
  if (own) {
    apply(own.allow, own.deny);
  }
  return bits & Permission.ViewChannel ? bits : 0n;
}
