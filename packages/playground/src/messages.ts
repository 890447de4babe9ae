import type { AttachmentStore, UploadedFile } from './attachments.js';
import { invalidForm, refuse } from './discord-error.js';
import type { PlaygroundLimits } from './limits.js';
import { findMentions } from './mentions.js';
import { Permission } from './permissions.js';
import { walkComponents } from './validate/components.js';
import { parseBody } from './validate/form.js';
import { componentsFor, type MessageBody } from './validate/message.js';
import type { World } from './world.js';
import {
  type Attachment,
  type Channel,
  type InteractionMetadata,
  type Json,
  type Message,
  MessageFlag,
} from './world-types.js';

/** Files of a request by the number in their field name `files[n]`. */
export type Files = ReadonlyMap<string, UploadedFile>;

export interface Draft {
  readonly channel: Channel;
  readonly authorId: string;
  readonly body: MessageBody;
  readonly files: Files;
  /** Where errors in the body are reported: `['data']` for interaction answers. */
  readonly at?: readonly string[];
  readonly interaction?: InteractionMetadata;
  readonly ephemeralFor?: string | null;
  readonly replyTo?: string | null;
  readonly type?: number;
}

const NONCE_MEMORY_MS = 5 * 60_000;

/** Creates, edits and deletes messages under Discord's rules about their contents. */
export class Messages {
  readonly #world: World;
  readonly #store: AttachmentStore;
  readonly #limits: PlaygroundLimits;
  readonly #nonces = new Map<string, { readonly messageId: string; readonly at: number }>();

  constructor(world: World, store: AttachmentStore, limits: PlaygroundLimits) {
    this.#world = world;
    this.#store = store;
    this.#limits = limits;
  }

  /** @throws DiscordError where Discord would refuse */
  create(draft: Draft): Message {
    const { channel, authorId, body, files } = draft;
    const repeated = this.#repeated(draft);
    if (repeated) {
      return repeated;
    }
    const isModern = hasFlag(body.flags, MessageFlag.IsComponentsV2);
    const components = this.#components(body, isModern, draft.at);
    this.#mayShow(authorId, channel, files, body);
    const message: Message = {
      id: this.#world.newId(),
      channelId: channel.id,
      guildId: channel.guildId,
      authorId,
      type: draft.type ?? (draft.replyTo ? 19 : 0),
      createdAt: this.#world.now(),
      editedAt: null,
      content: (body.content ?? '').trim(),
      mentionIds: [],
      mentionRoleIds: [],
      mentionEveryone: false,
      attachments: this.#attachments(draft, []),
      embeds: (body.embeds ?? []) as Json[],
      components,
      flags: (body.flags ?? 0) | (draft.ephemeralFor ? MessageFlag.Ephemeral : 0),
      nonce: body.nonce ?? null,
      reactions: new Map(),
      replyTo: draft.replyTo ?? null,
      interaction: draft.interaction ?? null,
      ephemeralFor: draft.ephemeralFor ?? null,
      deleted: false,
    };
    refuseEmpty(message);
    this.#checkMedia(message, draft.at);
    this.#mention(message, channel, body);
    this.publish(message, channel);
    if (body.enforce_nonce && body.nonce) {
      this.#nonces.set(`${channel.id}:${authorId}:${body.nonce}`, { messageId: message.id, at: this.#world.now() });
    }
    return message;
  }

  /** The "is thinking…" message of a deferred answer: empty, to be filled by an edit. */
  createLoading(
    channel: Channel,
    interaction: InteractionMetadata,
    ephemeralFor: string | null,
    replyTo: string | null,
  ): Message {
    const message: Message = {
      id: this.#world.newId(),
      channelId: channel.id,
      guildId: channel.guildId,
      authorId: this.#world.people.bot.id,
      type: interaction.type === 2 ? 20 : 19,
      createdAt: this.#world.now(),
      editedAt: null,
      content: '',
      mentionIds: [],
      mentionRoleIds: [],
      mentionEveryone: false,
      attachments: [],
      embeds: [],
      components: [],
      flags: MessageFlag.Loading | (ephemeralFor ? MessageFlag.Ephemeral : 0),
      nonce: null,
      reactions: new Map(),
      replyTo,
      interaction,
      ephemeralFor,
      deleted: false,
    };
    this.publish(message, channel);
    return message;
  }

  /** Changes what the body names and keeps the rest. */
  edit(message: Message, draft: Draft): Message {
    const { body, channel, files } = draft;
    const isModern = hasFlag(message.flags | (body.flags ?? 0), MessageFlag.IsComponentsV2);
    this.#mayShow(message.authorId, channel, files, body);
    const next = {
      content: body.content === undefined ? message.content : (body.content ?? '').trim(),
      embeds: body.embeds === undefined ? message.embeds : ((body.embeds ?? []) as Json[]),
      components: body.components === undefined ? message.components : this.#components(body, isModern, draft.at),
    };
    if (isModern) {
      refuseLegacy(next.content, next.embeds, draft.at);
    }
    const attachments = this.#attachments(draft, message.attachments);
    const wasLoading = hasFlag(message.flags, MessageFlag.Loading);
    let flags = message.flags & ~MessageFlag.Loading;
    if (isModern) {
      flags |= MessageFlag.IsComponentsV2;
    }
    if (body.flags !== undefined && body.flags !== null) {
      flags = (flags & ~MessageFlag.SuppressEmbeds) | (body.flags & MessageFlag.SuppressEmbeds);
    }
    refuseEmpty({ ...next, attachments });
    this.#checkMedia({ ...next, attachments }, draft.at);
    for (const old of message.attachments) {
      if (!attachments.includes(old)) {
        this.#store.retire(old);
      }
    }
    Object.assign(message, next, { attachments, flags, editedAt: wasLoading ? null : this.#world.now() });
    if (body.content !== undefined || body.allowed_mentions) {
      this.#mention(message, channel, body);
    }
    this.#world.tell({ kind: 'messageUpdate', message });
    return message;
  }

  delete(message: Message): void {
    message.deleted = true;
    this.#world.messages.delete(message.id);
    for (const attachment of message.attachments) {
      this.#store.retire(attachment);
    }
    this.#world.tell({ kind: 'messageDelete', message });
  }

  publish(message: Message, channel: Channel): void {
    this.#world.messages.set(message.id, message);
    if (message.ephemeralFor === null) {
      channel.lastMessageId = message.id;
    }
    this.#world.tell({ kind: 'messageCreate', message });
  }

  #repeated({ channel, authorId, body }: Draft): Message | undefined {
    if (!body.enforce_nonce || !body.nonce) {
      return undefined;
    }
    const earlier = this.#nonces.get(`${channel.id}:${authorId}:${body.nonce}`);
    if (!earlier || this.#world.now() - earlier.at > NONCE_MEMORY_MS) {
      return undefined;
    }
    return this.#world.messages.get(earlier.messageId);
  }

  #components(body: MessageBody, isModern: boolean, at: readonly string[] = []): Json[] {
    if (isModern) {
      refuseLegacy(body.content ?? '', body.embeds ?? [], at);
    }
    const components = parseBody<Json[]>(componentsFor(isModern), body.components ?? [], [...at, 'components']);
    // Discord numbers what came without an id.
    let next = 1;
    for (const { component } of walkComponents(components)) {
      component.id ??= next++;
    }
    return components;
  }

  #mayShow(authorId: string, channel: Channel, files: Files, body: MessageBody): void {
    const may = (name: 'AttachFiles' | 'EmbedLinks') =>
      (this.#world.permissionsOf(authorId, channel) & Permission[name]) !== 0n;
    if (files.size > 0 && !may('AttachFiles')) {
      throw refuse('missingPermissions');
    }
    if (body.embeds?.length && !may('EmbedLinks')) {
      throw refuse('missingPermissions');
    }
  }

  #attachments({ body, files, channel, ephemeralFor, at = [] }: Draft, existing: readonly Attachment[]): Attachment[] {
    for (const file of files.values()) {
      if (file.bytes.byteLength > this.#limits.attachmentBytes) {
        throw refuse('entityTooLarge');
      }
    }
    const named = new Set<string>();
    const kept: Attachment[] = [];
    for (const [index, entry] of (body.attachments ?? []).entries()) {
      const id = String(entry.id);
      const old = existing.find((attachment) => attachment.id === id);
      if (old) {
        if (entry.description !== undefined) {
          old.description = entry.description ?? null;
        }
        kept.push(old);
      } else if (!files.has(id)) {
        const message = 'No uploaded file and no attachment of this message has this id.';
        throw invalidForm([{ path: [...at, 'attachments', index, 'id'], code: 'ATTACHMENT_NOT_FOUND', message }]);
      }
      named.add(id);
    }
    const before = body.attachments ? kept : [...existing];
    if (before.length + files.size > 10) {
      throw invalidForm([
        { path: [...at, 'attachments'], code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 10 or fewer in length.' },
      ]);
    }
    const added = [...files].map(([key, file]) => {
      const entry = body.attachments?.find((one) => String(one.id) === key);
      const filename = entry?.filename ?? file.filename;
      const options = { description: entry?.description ?? null, ephemeral: Boolean(ephemeralFor) };
      return this.#store.add({ ...file, filename }, channel.id, options);
    });
    return [...before, ...added];
  }

  #checkMedia(message: Pick<Message, 'components' | 'attachments'>, at: readonly string[] = []): void {
    const names = new Set(message.attachments.map((attachment) => attachment.filename));
    for (const match of JSON.stringify(message.components).matchAll(/"url":"attachment:\/\/([^"]*)"/g)) {
      if (names.has(match[1] ?? '')) {
        continue;
      }
      const code = 'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND';
      throw invalidForm([{ path: [...at, 'components'], code, message: 'The referenced attachment was not found' }]);
    }
  }

  #mention(message: Message, channel: Channel, body: MessageBody): void {
    const texts = [...walkComponents(message.components)].filter(({ component }) => component.type === 10);
    const content = [message.content, ...texts.map(({ component }) => String(component.content))].join('\n');
    const mayPing = this.#world.may(message.authorId, channel, 'MentionEveryone');
    const found = findMentions(content, body.allowed_mentions, mayPing);
    message.mentionIds = found.userIds.filter((id) => this.#world.users.has(id));
    message.mentionRoleIds = found.roleIds;
    message.mentionEveryone = found.everyone;
  }
}

const hasFlag = (flags: number | null | undefined, flag: number) => ((flags ?? 0) & flag) !== 0;

function refuseLegacy(content: string, embeds: readonly unknown[], at: readonly string[] = []): void {
  const wrong = content !== '' ? 'content' : embeds.length > 0 ? 'embeds' : null;
  if (wrong === null) {
    return;
  }
  const code = 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2';
  throw invalidForm([
    {
      path: [...at, wrong],
      code,
      message: `The ${wrong} field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
    },
  ]);
}

function refuseEmpty(message: Pick<Message, 'content' | 'embeds' | 'components' | 'attachments'>): void {
  const { content, embeds, components, attachments } = message;
  if (content === '' && embeds.length + components.length + attachments.length === 0) {
    throw refuse('emptyMessage');
  }
}
