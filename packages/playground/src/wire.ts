import { DM_PERMISSIONS } from './permissions.js';
import { channelWire, guildWire, iso, roleWire } from './wire-guild.js';
import type { World } from './world.js';
import type { Attachment, Channel, Emoji, Guild, Json, Member, Message, Role, User } from './world-types.js';

/** Gives an attachment its signed, expiring address. */
export type AttachmentUrl = (attachment: Attachment) => string;

/** Turns the playground's state into the JSON that Discord would send. */
export class Wire {
  readonly #world: World;
  readonly #attachmentUrl: AttachmentUrl;

  constructor(world: World, attachmentUrl: AttachmentUrl) {
    this.#world = world;
    this.#attachmentUrl = attachmentUrl;
  }

  user(user: User): Json {
    return {
      id: user.id,
      username: user.username,
      global_name: user.isBot ? null : user.displayName,
      discriminator: user.isBot ? '0042' : '0',
      avatar: null,
      public_flags: 0,
      ...(user.isBot ? { bot: true } : {}),
    };
  }

  userById(id: string): Json {
    const user = this.#world.users.get(id);
    return user
      ? this.user(user)
      : { id, username: 'deleted-user', global_name: null, discriminator: '0', avatar: null };
  }

  member(member: Member): Json {
    return { user: this.userById(member.userId), ...this.memberAlone(member) };
  }

  /** As it goes with messages, where the user is named already. */
  memberAlone(member: Member): Json {
    return {
      nick: member.nick,
      avatar: null,
      banner: null,
      roles: member.roleIds,
      joined_at: iso(member.joinedAt),
      premium_since: null,
      deaf: false,
      mute: false,
      flags: 0,
      pending: false,
      communication_disabled_until: null,
    };
  }

  role(role: Role): Json {
    return roleWire(role);
  }

  channel(channel: Channel): Json {
    return channelWire(channel, channel.recipientId === null ? [] : [this.userById(channel.recipientId)]);
  }

  guild(guild: Guild): Json {
    return guildWire(guild);
  }

  /** A guild as GUILD_CREATE carries it: large ones only with the bot itself among the members, as without GUILD_MEMBERS. */
  guildCreate(guild: Guild, botId: string): Json {
    const channels = [...this.#world.channels.values()].filter((channel) => channel.guildId === guild.id);
    const bot = guild.members.get(botId);
    return {
      ...this.guild(guild),
      joined_at: iso(guild.joinedAt),
      large: false,
      unavailable: false,
      member_count: guild.members.size,
      members: bot ? [this.member(bot)] : [],
      channels: channels.filter((channel) => channel.parentId === null).map((channel) => this.channel(channel)),
      threads: channels.filter((channel) => channel.parentId !== null).map((channel) => this.channel(channel)),
      voice_states: [],
      presences: [],
      stage_instances: [],
      guild_scheduled_events: [],
      soundboard_sounds: [],
    };
  }

  attachment(attachment: Attachment): Json {
    const url = this.#attachmentUrl(attachment);
    return {
      id: attachment.id,
      filename: attachment.filename,
      size: attachment.bytes.byteLength,
      url,
      proxy_url: url,
      content_type: attachment.contentType,
      ...(attachment.widthPx === null ? {} : { width: attachment.widthPx, height: attachment.heightPx }),
      ...(attachment.description === null ? {} : { description: attachment.description }),
      ...(attachment.ephemeral ? { ephemeral: true } : {}),
    };
  }

  emoji(emoji: Emoji): Json {
    return { id: emoji.id, name: emoji.name };
  }

  /**
   * A message as seen by `viewerId` (who decides `me` on reactions).
   * Files that an embed shows by `attachment://` are left out of `attachments`, as Discord does.
   */
  message(message: Message, viewerId: string): Json {
    const shown = new Set<string>();
    const fileOf = (url: unknown): Attachment | undefined => {
      const name = typeof url === 'string' && url.startsWith('attachment://') ? url.slice(13) : null;
      const file = message.attachments.find((attachment) => attachment.filename === name);
      if (file) {
        shown.add(file.id);
      }
      return file;
    };
    const withUrls = (value: unknown): unknown => {
      if (Array.isArray(value)) {
        return value.map(withUrls);
      }
      if (typeof value !== 'object' || value === null) {
        return value;
      }
      const whole = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withUrls(inner)]));
      const icon = fileOf(whole.icon_url);
      if (icon) {
        whole.icon_url = this.#attachmentUrl(icon);
      }
      const file = fileOf(whole.url);
      if (!file) {
        return whole;
      }
      const { url, proxy_url, content_type, width, height, description } = this.attachment(file);
      const size = width === undefined ? {} : { width, height };
      return { ...whole, url, proxy_url, content_type, ...size, ...(description === undefined ? {} : { description }) };
    };
    const embeds = withUrls(message.embeds) as Json[];
    const inEmbeds = new Set(shown);
    const { interaction } = message;
    return {
      id: message.id,
      type: message.type,
      channel_id: message.channelId,
      author: this.userById(message.authorId),
      content: message.content,
      timestamp: iso(message.createdAt),
      edited_timestamp: message.editedAt === null ? null : iso(message.editedAt),
      tts: false,
      mention_everyone: message.mentionEveryone,
      mentions: message.mentionIds.map((id) => this.userById(id)),
      mention_roles: message.mentionRoleIds,
      attachments: message.attachments.filter((file) => !inEmbeds.has(file.id)).map((file) => this.attachment(file)),
      embeds: embeds.map((embed) => ({ type: 'rich', ...embed })),
      components: withUrls(message.components),
      pinned: false,
      flags: message.flags,
      ...(message.nonce === null ? {} : { nonce: message.nonce }),
      ...(message.reactions.size === 0
        ? {}
        : {
            reactions: [...message.reactions.values()].map(({ emoji, userIds }) => ({
              emoji: this.emoji(emoji),
              count: userIds.size,
              count_details: { burst: 0, normal: userIds.size },
              burst_colors: [],
              me: userIds.has(viewerId),
              me_burst: false,
            })),
          }),
      ...(message.replyTo === null
        ? {}
        : {
            message_reference: { type: 0, channel_id: message.channelId, message_id: message.replyTo },
            referenced_message: this.#referenced(message.replyTo, viewerId),
          }),
      ...(interaction === null
        ? {}
        : {
            application_id: message.authorId,
            webhook_id: message.authorId,
            interaction_metadata: {
              id: interaction.id,
              type: interaction.type,
              user: this.userById(interaction.userId),
              authorizing_integration_owners: { '0': message.guildId ?? '0' },
            },
            interaction: {
              id: interaction.id,
              type: interaction.type,
              name: interaction.commandName ?? '',
              user: this.userById(interaction.userId),
            },
          }),
    };
  }

  /** The part of an interaction that says where it happened. */
  place(channel: Channel): Json {
    const guild = channel.guildId === null ? undefined : this.#world.guilds.get(channel.guildId);
    return {
      channel: { ...this.channel(channel), permissions: DM_PERMISSIONS.toString() },
      channel_id: channel.id,
      ...(guild
        ? {
            guild: { id: guild.id, locale: guild.locale, features: [] },
            guild_id: guild.id,
            guild_locale: guild.locale,
          }
        : {}),
    };
  }

  #referenced(id: string, viewerId: string): Json | null {
    const message = this.#world.messages.get(id);
    return message ? this.message({ ...message, replyTo: null }, viewerId) : null;
  }
}
