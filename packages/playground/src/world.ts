import { EventEmitter } from 'node:events';
import {
  ALL_PERMISSIONS,
  channelPermissions,
  DM_PERMISSIONS,
  EVERYONE_PERMISSIONS,
  guildPermissions,
  Permission,
  type PermissionName,
  permissionBits,
} from './permissions.js';
import { createSnowflakes } from './snowflake.js';
import {
  type Channel,
  ChannelType,
  type Guild,
  type Member,
  type Message,
  type Role,
  type User,
  type WorldChange,
} from './world-types.js';

/** People who are in the first server from the start. */
export interface StartingPeople {
  readonly ada: User;
  readonly ben: User;
  readonly moderator: User;
  readonly bot: User;
}

/** Servers, channels, people and messages of one playground, held in memory. */
export class World extends EventEmitter<{ change: [change: WorldChange] }> {
  readonly users = new Map<string, User>();
  readonly guilds = new Map<string, Guild>();
  readonly channels = new Map<string, Channel>();
  readonly messages = new Map<string, Message>();
  readonly people: StartingPeople;
  readonly home: { readonly guild: Guild; readonly general: Channel; readonly gallery: Channel };
  readonly now: () => number;
  readonly newId: () => string;

  constructor(now: () => number) {
    super();
    this.setMaxListeners(0);
    this.now = now;
    this.newId = createSnowflakes(now);
    this.people = {
      bot: this.addUser('tessera', 'Tessera', true),
      ada: this.addUser('ada', 'Ada'),
      ben: this.addUser('ben', 'Ben'),
      moderator: this.addUser('mara', 'Mara (moderator)'),
    };
    const guild = this.addGuild('Playground');
    const { ada, ben, moderator } = this.people;
    for (const user of [ada, ben, moderator]) {
      this.addMember(guild, user);
    }
    const role = this.addRole(guild, 'Moderators', [
      'ManageGuild',
      'ManageMessages',
      'ManageChannels',
      'ManageThreads',
      'ModerateMembers',
      'MentionEveryone',
    ]);
    this.member(guild, moderator.id).roleIds.push(role.id);
    const general = this.addChannel(guild, 'general');
    this.home = { guild, general, gallery: this.addChannel(guild, 'gallery') };
  }

  tell(change: WorldChange): void {
    this.emit('change', change);
  }

  addUser(username: string, displayName = username, isBot = false): User {
    const user: User = { id: this.newId(), username, displayName, isBot, locale: 'en-US', dmsClosed: false };
    this.users.set(user.id, user);
    return user;
  }

  /** A server owned by nobody who plays, with @everyone, the bot and its role. Members and channels come separately. */
  addGuild(name: string): Guild {
    const id = this.newId();
    const everyone: Role = { id, name: '@everyone', permissions: EVERYONE_PERMISSIONS, position: 0, color: 0 };
    const guild: Guild = {
      id,
      name,
      ownerId: this.newId(),
      locale: 'en-US',
      joinedAt: this.now(),
      roles: new Map([[id, everyone]]),
      members: new Map(),
    };
    this.guilds.set(id, guild);
    const botRole = this.addRole(guild, 'Tessera', []);
    this.addMember(guild, this.people.bot).roleIds.push(botRole.id);
    this.tell({ kind: 'guildCreate', guild });
    return guild;
  }

  addRole(guild: Guild, name: string, permissions: readonly PermissionName[]): Role {
    const role: Role = {
      id: this.newId(),
      name,
      permissions: permissionBits(permissions),
      position: guild.roles.size,
      color: 0x5865f2,
    };
    guild.roles.set(role.id, role);
    this.tell({ kind: 'roleUpdate', guildId: guild.id, role });
    return role;
  }

  addMember(guild: Guild, user: User, roleIds: readonly string[] = []): Member {
    const member: Member = { userId: user.id, nick: null, roleIds: [...roleIds], joinedAt: this.now() };
    guild.members.set(user.id, member);
    this.tell({ kind: 'memberAdd', guildId: guild.id, member });
    return member;
  }

  addChannel(guild: Guild, name: string): Channel {
    return this.#register(this.#channel({ type: ChannelType.GuildText, guildId: guild.id, name }));
  }

  addThread(parent: Channel, name: string, ownerId: string, type: number = ChannelType.PublicThread, id?: string) {
    return this.#register(
      this.#channel({ type, guildId: parent.guildId, name, parentId: parent.id, ownerId, ...(id ? { id } : {}) }),
    );
  }

  /** The direct-message channel between the bot and a person; there is one each. */
  directMessages(user: User): Channel {
    for (const channel of this.channels.values()) {
      if (channel.recipientId === user.id) {
        return channel;
      }
    }
    return this.#register(
      this.#channel({ type: ChannelType.Dm, guildId: null, name: user.username, recipientId: user.id }),
    );
  }

  removeChannel(channel: Channel): void {
    this.channels.delete(channel.id);
    for (const child of [...this.channels.values()]) {
      if (child.parentId === channel.id) {
        this.removeChannel(child);
      }
    }
    for (const message of [...this.messages.values()]) {
      if (message.channelId !== channel.id) {
        continue;
      }
      message.deleted = true;
      this.messages.delete(message.id);
    }
    this.tell({ kind: 'channelDelete', channel });
  }

  /** Permission bits of a person in a channel; 0 for whoever is not there. */
  permissionsOf(userId: string, channel: Channel): bigint {
    if (channel.guildId === null) {
      return channel.recipientId === userId || this.users.get(userId)?.isBot ? DM_PERMISSIONS : 0n;
    }
    const guild = this.guilds.get(channel.guildId);
    const member = guild?.members.get(userId);
    if (!guild || !member) {
      return 0n;
    }
    const place = channel.parentId === null ? channel : (this.channels.get(channel.parentId) ?? channel);
    return channelPermissions(guild, place, member);
  }

  /** Permission bits of a person in a server, whatever the channel. */
  guildPermissionsOf(userId: string, guildId: string): bigint {
    const guild = this.guilds.get(guildId);
    const member = guild?.members.get(userId);
    return guild && member ? guildPermissions(guild, member) : 0n;
  }

  may(userId: string, channel: Channel, ...names: readonly PermissionName[]): boolean {
    const wanted = permissionBits(names);
    return (this.permissionsOf(userId, channel) & wanted) === wanted;
  }

  /** Denies or allows permissions to one person or role in one channel, as the channel's settings would. */
  setOverwrite(
    channel: Channel,
    targetId: string,
    change: { readonly allow?: readonly PermissionName[]; readonly deny?: readonly PermissionName[] },
  ): void {
    const type = this.users.has(targetId) ? 1 : 0;
    const overwrite = { id: targetId, type, allow: permissionBits(change.allow ?? []), deny: 0n } as const;
    channel.overwrites.set(targetId, { ...overwrite, deny: permissionBits(change.deny ?? []) });
    this.tell({ kind: 'channelUpdate', channel });
  }

  /** The member, for code that knows they are there. */
  member(guild: Guild, userId: string): Member {
    const member = guild.members.get(userId);
    if (!member) {
      throw new Error(`User ${userId} is not a member of ${guild.name}.`);
    }
    return member;
  }

  /** Makes a member of the server all-powerful or not; for tests of what moderators may do. */
  setRolePermissions(guild: Guild, role: Role, names: readonly PermissionName[]): void {
    role.permissions = permissionBits(names) & ALL_PERMISSIONS;
    this.tell({ kind: 'roleUpdate', guildId: guild.id, role });
  }

  channelMessages(channelId: string): Message[] {
    return [...this.messages.values()].filter((message) => message.channelId === channelId);
  }

  canSee(userId: string, message: Message): boolean {
    const channel = this.channels.get(message.channelId);
    if (!channel || (message.ephemeralFor !== null && message.ephemeralFor !== userId)) {
      return false;
    }
    return (this.permissionsOf(userId, channel) & Permission.ViewChannel) !== 0n;
  }

  #channel(fields: Partial<Channel> & Pick<Channel, 'type' | 'guildId' | 'name'>): Channel {
    return {
      id: this.newId(),
      parentId: null,
      overwrites: new Map(),
      recipientId: null,
      ownerId: null,
      createdAt: this.now(),
      archived: false,
      lastMessageId: null,
      ...fields,
    };
  }

  #register(channel: Channel): Channel {
    this.channels.set(channel.id, channel);
    this.tell({ kind: 'channelCreate', channel });
    return channel;
  }
}
