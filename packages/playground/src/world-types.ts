/** What the playground remembers. Wire shapes (what goes to bots) are made from these in wire.ts. */

export type Json = Readonly<Record<string, unknown>>;

export const ChannelType = {
  GuildText: 0,
  Dm: 1,
  PublicThread: 11,
  PrivateThread: 12,
} as const;

export const MessageFlag = {
  SuppressEmbeds: 1 << 2,
  Ephemeral: 1 << 6,
  Loading: 1 << 7,
  SuppressNotifications: 1 << 12,
  IsComponentsV2: 1 << 15,
} as const;

export interface User {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  readonly isBot: boolean;
  /** Locale that their client would send. */
  locale: string;
  /** Refuses direct messages (50007). */
  dmsClosed: boolean;
}

export interface Member {
  readonly userId: string;
  nick: string | null;
  roleIds: string[];
  readonly joinedAt: number;
}

export interface Role {
  readonly id: string;
  readonly name: string;
  permissions: bigint;
  readonly position: number;
  readonly color: number;
}

interface Overwrite {
  readonly id: string;
  /** 0 role, 1 member. */
  readonly type: 0 | 1;
  allow: bigint;
  deny: bigint;
}

export interface Channel {
  readonly id: string;
  readonly type: number;
  /** null for a direct message. */
  readonly guildId: string | null;
  readonly name: string;
  readonly parentId: string | null;
  readonly overwrites: Map<string, Overwrite>;
  /** The person on the other side of a direct message. */
  readonly recipientId: string | null;
  readonly ownerId: string | null;
  readonly createdAt: number;
  archived: boolean;
  lastMessageId: string | null;
}

export interface Guild {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly locale: string;
  readonly joinedAt: number;
  readonly roles: Map<string, Role>;
  readonly members: Map<string, Member>;
}

export interface Attachment {
  readonly id: string;
  readonly channelId: string;
  readonly filename: string;
  description: string | null;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  readonly widthPx: number | null;
  readonly heightPx: number | null;
  readonly ephemeral: boolean;
}

export interface Emoji {
  /** null for a Unicode emoji. */
  readonly id: string | null;
  readonly name: string;
}

interface Reaction {
  readonly emoji: Emoji;
  readonly userIds: Set<string>;
}

export interface InteractionMetadata {
  readonly id: string;
  readonly type: number;
  readonly userId: string;
  readonly commandName: string | null;
}

export interface Message {
  readonly id: string;
  readonly channelId: string;
  readonly guildId: string | null;
  readonly authorId: string;
  readonly type: number;
  readonly createdAt: number;
  editedAt: number | null;
  content: string;
  mentionIds: string[];
  mentionRoleIds: string[];
  mentionEveryone: boolean;
  attachments: Attachment[];
  embeds: Json[];
  components: Json[];
  flags: number;
  readonly nonce: string | number | null;
  readonly reactions: Map<string, Reaction>;
  readonly replyTo: string | null;
  readonly interaction: InteractionMetadata | null;
  /** The only person who sees it; null when everybody does. */
  readonly ephemeralFor: string | null;
  deleted: boolean;
}

/** What others (gateway, page, driver) are told, in the order in which it happened. */
export type WorldChange =
  | { readonly kind: 'messageCreate' | 'messageUpdate' | 'messageDelete'; readonly message: Message }
  | {
      readonly kind: 'reactionAdd' | 'reactionRemove';
      readonly message: Message;
      readonly userId: string;
      readonly emoji: Emoji;
    }
  /** All reactions of a message, or all of one emoji. */
  | { readonly kind: 'reactionsClear'; readonly message: Message; readonly emoji: Emoji | null }
  | { readonly kind: 'channelCreate' | 'channelUpdate' | 'channelDelete'; readonly channel: Channel }
  | { readonly kind: 'guildCreate'; readonly guild: Guild }
  | { readonly kind: 'memberAdd' | 'memberUpdate'; readonly guildId: string; readonly member: Member }
  | { readonly kind: 'roleUpdate'; readonly guildId: string; readonly role: Role }
  | { readonly kind: 'typing'; readonly channel: Channel; readonly userId: string }
  | { readonly kind: 'commands' };
