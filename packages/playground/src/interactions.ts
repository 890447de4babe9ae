import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { z } from 'zod';
import { invalidForm, refuse } from './discord-error.js';
import {
  AnswerType,
  type Choice,
  type InteractionRecord,
  InteractionType,
  metadata,
  type NewInteraction,
} from './interaction-types.js';
import type { PlaygroundLimits } from './limits.js';
import type { Files, Messages } from './messages.js';
import { type Modal, modal } from './validate/components.js';
import { parseBody, text } from './validate/form.js';
import { deferral, newAnswer } from './validate/message.js';
import type { Wire } from './wire.js';
import type { World } from './world.js';
import { type Channel, type Json, type Message, MessageFlag } from './world-types.js';

const callback = z.strictObject({ type: z.int(), data: z.unknown().optional() });
const suggestions = z.strictObject({
  choices: z
    .array(
      z.strictObject({
        name: text(1, 100),
        name_localizations: z.record(z.string(), text(1, 100)).nullish(),
        value: z.union([text(1, 100), z.number()]),
      }),
    )
    .max(25),
});

/** Which first answers each kind of interaction takes. */
const ANSWERS: Readonly<Record<number, readonly number[]>> = {
  [InteractionType.Command]: [4, 5, 9],
  [InteractionType.Component]: [4, 5, 6, 7, 9],
  [InteractionType.Autocomplete]: [8],
  [InteractionType.ModalSubmit]: [4, 5, 6, 7],
};

/** Interactions that are remembered; the oldest are forgotten, long after their tokens died. */
const KEPT_RECORDS = 50_000;

/** Hands out interactions, watches the three seconds, and takes the bot's answers. */
export class Interactions extends EventEmitter<{ update: [record: InteractionRecord] }> {
  readonly records = new Map<string, InteractionRecord>();
  readonly #byToken = new Map<string, InteractionRecord>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #sentAt = new Map<string, number>();
  readonly #world: World;
  readonly #wire: Wire;
  readonly #messages: Messages;
  readonly #limits: PlaygroundLimits;
  readonly #deliver: (payload: Json, guildId: string | null) => void;

  constructor(parts: {
    world: World;
    wire: Wire;
    messages: Messages;
    limits: PlaygroundLimits;
    deliver: (payload: Json, guildId: string | null) => void;
  }) {
    super();
    this.setMaxListeners(0);
    this.#world = parts.world;
    this.#wire = parts.wire;
    this.#messages = parts.messages;
    this.#limits = parts.limits;
    this.#deliver = parts.deliver;
  }

  /**
   * Sends an interaction to the bot and starts its clock.
   * @param distort changes the payload before it goes out, for tests with forged ones
   */
  start(made: NewInteraction, distort: (payload: Json) => Json = (payload) => payload): InteractionRecord {
    const id = this.#world.newId();
    const token = randomBytes(48).toString('base64url');
    const payload = distort({ ...this.#payload(made, id, token) });
    const record: InteractionRecord = {
      id,
      token,
      type: made.type,
      userId: made.user.id,
      channelId: made.channel.id,
      guildId: made.channel.guildId,
      commandName: made.commandName ?? null,
      sourceId: made.message?.id ?? null,
      issuedAt: this.#world.now(),
      state: 'waiting',
      answer: null,
      originalId: null,
      followupIds: [],
      payload,
    };
    this.records.set(id, record);
    this.#byToken.set(token, record);
    this.#forgetOldest();
    this.#sentAt.set(id, performance.now());
    this.#timers.set(
      id,
      setTimeout(() => this.#fail(record), this.#limits.answerWithinMs),
    );
    this.#deliver(payload, record.guildId);
    return record;
  }

  /** Delivers the same interaction once more, as a resumed gateway session may. */
  deliverAgain(record: InteractionRecord): void {
    this.#deliver(record.payload, record.guildId);
  }

  /** Takes the first answer: POST /interactions/{id}/{token}/callback. Returns the message it made or changed. */
  answer(
    id: string,
    token: string,
    body: unknown,
    files: Files,
  ): { record: InteractionRecord; type: number; message: Message | null } {
    const record = this.records.get(id);
    if (!record || record.token !== token || record.state === 'failed') {
      throw refuse('unknownInteraction');
    }
    if (this.#isExpired(record)) {
      throw refuse('unknownInteraction');
    }
    if (record.state === 'answered') {
      throw refuse('alreadyAcknowledged');
    }
    const { type, data } = parseBody(callback, body);
    const allowed = (ANSWERS[record.type] ?? []).filter((one) => (one !== 6 && one !== 7) || record.sourceId !== null);
    if (!allowed.includes(type)) {
      const message = `Value must be one of {${allowed.join(', ')}}.`;
      throw invalidForm([{ path: ['type'], code: 'BASE_TYPE_CHOICES', message }]);
    }
    const { message, ...rest } = this.#carryOut(record, type, data, files);
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    record.state = 'answered';
    record.answer = { type, afterMs: performance.now() - (this.#sentAt.get(id) ?? 0), ...rest };
    record.originalId = message?.id ?? null;
    this.emit('update', record);
    return { record, type, message };
  }

  /** Finds the interaction that a webhook route's token stands for. */
  byToken(applicationId: string, token: string): InteractionRecord {
    const record = this.#byToken.get(token);
    if (!record || applicationId !== this.#world.people.bot.id) {
      throw refuse('invalidWebhookToken');
    }
    if (this.#isExpired(record)) {
      throw refuse('invalidWebhookToken');
    }
    if (record.state !== 'answered') {
      throw refuse('unknownWebhook');
    }
    return record;
  }

  /** A message that the token gives power over: its answer, its followups, the message with the component. */
  messageOf(record: InteractionRecord, messageId: string): { message: Message; channel: Channel } {
    const channel = this.#world.channels.get(record.channelId);
    if (!channel) {
      throw refuse('unknownChannel');
    }
    const id = messageId === '@original' ? record.originalId : messageId;
    const known = id !== null && [record.originalId, record.sourceId, ...record.followupIds].includes(id);
    const message = known ? this.#world.messages.get(id) : undefined;
    if (!message) {
      throw refuse('unknownMessage');
    }
    return { message, channel };
  }

  /** POST /webhooks/{app}/{token}: another message, or the filling of a deferred one. */
  followUp(record: InteractionRecord, body: unknown, files: Files): Message {
    const channel = this.#world.channels.get(record.channelId);
    if (!channel) {
      throw refuse('unknownChannel');
    }
    const parsed = parseBody(newAnswer, body);
    const original = record.originalId === null ? undefined : this.#world.messages.get(record.originalId);
    const draft = { channel, authorId: this.#world.people.bot.id, body: parsed, files };
    if (original && original.flags & MessageFlag.Loading) {
      return this.#messages.edit(original, draft);
    }
    const ephemeralFor = (parsed.flags ?? 0) & MessageFlag.Ephemeral ? record.userId : null;
    const message = this.#messages.create({
      ...draft,
      interaction: metadata(record),
      ephemeralFor,
      replyTo: original && ephemeralFor === null && original.ephemeralFor === null ? original.id : null,
    });
    record.followupIds.push(message.id);
    this.emit('update', record);
    return message;
  }

  /** Makes every token older, as if time had passed. */
  ageTokens(ms: number): void {
    for (const record of this.records.values()) {
      record.issuedAt -= ms;
    }
  }

  close(): void {
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
    this.#timers.clear();
  }

  #isExpired(record: InteractionRecord): boolean {
    return this.#world.now() - record.issuedAt > this.#limits.tokenLifetimeMs;
  }

  #forgetOldest(): void {
    const [oldest] = this.records.values();
    if (this.records.size <= KEPT_RECORDS || !oldest) {
      return;
    }
    this.records.delete(oldest.id);
    this.#byToken.delete(oldest.token);
    this.#sentAt.delete(oldest.id);
  }

  #fail(record: InteractionRecord): void {
    this.#timers.delete(record.id);
    record.state = 'failed';
    this.emit('update', record);
  }

  #carryOut(
    record: InteractionRecord,
    type: number,
    data: unknown,
    files: Files,
  ): { message: Message | null; modal?: Modal; choices?: Choice[] } {
    if (type === AnswerType.Modal) {
      return { message: null, modal: parseBody(modal, data, ['data']) };
    }
    if (type === AnswerType.Autocomplete) {
      const { choices } = parseBody(suggestions, data, ['data']);
      return { message: null, choices: choices.map(({ name, value }) => ({ name, value })) };
    }
    const channel = this.#world.channels.get(record.channelId);
    if (!channel) {
      throw refuse('unknownChannel');
    }
    if (type === AnswerType.Defer) {
      const flags = parseBody(deferral, data ?? {}, ['data'])?.flags ?? 0;
      return {
        message: this.#messages.createLoading(
          channel,
          metadata(record),
          flags ? record.userId : null,
          this.#replyTo(record, flags ? record.userId : null),
        ),
      };
    }
    if (type === AnswerType.Reply) {
      const body = parseBody(newAnswer, data ?? {}, ['data']);
      const ephemeralFor = (body.flags ?? 0) & MessageFlag.Ephemeral ? record.userId : null;
      const draft = { channel, authorId: this.#world.people.bot.id, body, files, at: ['data'] };
      const kind = record.type === InteractionType.Command ? 20 : 19;
      const replyTo = this.#replyTo(record, ephemeralFor);
      return {
        message: this.#messages.create({ ...draft, interaction: metadata(record), ephemeralFor, type: kind, replyTo }),
      };
    }
    const source = record.sourceId === null ? undefined : this.#world.messages.get(record.sourceId);
    if (!source) {
      if (type === AnswerType.DeferUpdate) {
        return { message: null };
      }
      throw refuse('unknownMessage');
    }
    if (type === AnswerType.DeferUpdate) {
      return { message: source };
    }
    const body = parseBody(newAnswer, data ?? {}, ['data']);
    return { message: this.#messages.edit(source, { channel, authorId: source.authorId, body, files, at: ['data'] }) };
  }

  /** An answer to a component is shown as a reply to the message with the component. */
  #replyTo(record: InteractionRecord, ephemeralFor: string | null): string | null {
    const source = record.sourceId === null ? undefined : this.#world.messages.get(record.sourceId);
    return source && ephemeralFor === null && source.ephemeralFor === null ? source.id : null;
  }

  #payload(made: NewInteraction, id: string, token: string): Json {
    const { user, channel } = made;
    const guild = channel.guildId === null ? undefined : this.#world.guilds.get(channel.guildId);
    const member = guild?.members.get(user.id);
    const bot = this.#world.people.bot;
    const permissions = this.#world.permissionsOf(user.id, channel).toString();
    return {
      id,
      application_id: bot.id,
      type: made.type,
      version: 1,
      token,
      data: made.data,
      ...this.#wire.place(channel),
      ...(member ? { member: { ...this.#wire.member(member), permissions } } : { user: this.#wire.user(user) }),
      ...(made.message ? { message: this.#wire.message(made.message, bot.id) } : {}),
      app_permissions: this.#world.permissionsOf(bot.id, channel).toString(),
      locale: made.locale ?? user.locale,
      entitlements: [],
      entitlement_sku_ids: [],
      authorizing_integration_owners: { '0': guild?.id ?? '0' },
      context: guild ? 0 : 1,
      attachment_size_limit: this.#limits.attachmentBytes,
    };
  }
}
