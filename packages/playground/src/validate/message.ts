import { z } from 'zod';
import { MessageFlag } from '../world-types.js';
import { classicComponents, modernComponents } from './components.js';
import { complain, snowflake, text } from './form.js';

const link = z
  .string()
  .max(2048)
  .regex(/^https?:\/\/.+/i, 'Not a well formed URL.');
const picture = z
  .string()
  .max(2048)
  .regex(/^(https?|attachment):\/\/.+/i, 'Not a well formed URL.');
const shownPicture = z.looseObject({ url: picture });

const embed = z
  .strictObject({
    type: z.string().optional(),
    title: text(0, 256).nullish(),
    description: text(0, 4096).nullish(),
    url: link.nullish(),
    timestamp: z.string().nullish(),
    color: z.int().min(0).max(0xffffff).nullish(),
    footer: z.looseObject({ text: text(1, 2048), icon_url: picture.nullish() }).nullish(),
    image: shownPicture.nullish(),
    thumbnail: shownPicture.nullish(),
    author: z.looseObject({ name: text(1, 256), url: link.nullish(), icon_url: picture.nullish() }).nullish(),
    fields: z
      .array(z.strictObject({ name: text(1, 256), value: text(1, 1024), inline: z.boolean().nullish() }))
      .max(25)
      .nullish(),
  })
  .superRefine((value, context) => {
    const shows =
      value.title ||
      value.description ||
      value.image ||
      value.thumbnail ||
      value.author ||
      value.footer ||
      value.fields?.length;
    if (!shows) {
      complain(context, 'BASE_TYPE_REQUIRED', 'This field is required', ['description']);
    }
    if (value.timestamp && Number.isNaN(Date.parse(value.timestamp))) {
      complain(context, 'DATE_TIME_TYPE_PARSE', `Could not parse the value as an ISO 8601 date.`, ['timestamp']);
    }
  });

const embeds = z
  .array(embed)
  .max(10)
  .superRefine((list, context) => {
    const characters = list.reduce((sum, one) => {
      const fields = (one.fields ?? []).reduce((all, field) => all + field.name.length + field.value.length, 0);
      const rest = [one.title, one.description, one.footer?.text, one.author?.name];
      return sum + fields + rest.reduce((all, part) => all + (part?.length ?? 0), 0);
    }, 0);
    if (characters > 6000) {
      complain(context, 'MAX_EMBED_SIZE_EXCEEDED', 'Embed size exceeds maximum size of 6000');
    }
  });

const ids = z.array(snowflake).max(100).optional();
const allowedMentions = z
  .strictObject({
    parse: z
      .array(z.enum(['roles', 'users', 'everyone']))
      .max(3)
      .optional(),
    roles: ids,
    users: ids,
    replied_user: z.boolean().nullish(),
  })
  .superRefine((value, context) => {
    for (const key of ['roles', 'users'] as const) {
      if (value.parse?.includes(key) && value[key]?.length) {
        complain(
          context,
          'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
          `parse:["${key}"] and ${key}: [ids...] are mutually exclusive.`,
          [key],
        );
      }
    }
  });

// Loose: libraries send back what they were given (urls, sizes), and Discord takes id, filename and description from it.
const attachments = z
  .array(
    z.looseObject({ id: snowflake, filename: z.string().max(1024).optional(), description: text(0, 1024).nullish() }),
  )
  .max(10);

const shared = {
  content: text(0, 2000).nullish(),
  embeds: embeds.nullish(),
  allowed_mentions: allowedMentions.nullish(),
  components: z.array(z.unknown()).nullish(),
  attachments: attachments.nullish(),
  flags: z.int().nonnegative().nullish(),
  tts: z.boolean().nullish(),
};

const onlyFlags = (allowed: number) => (value: { flags?: number | null | undefined }, context: z.RefinementCtx) => {
  if (((value.flags ?? 0) & ~allowed) !== 0) {
    complain(context, 'BITFIELD_FLAGS_INVALID', 'These flags cannot be set here.', ['flags']);
  }
};

const { SuppressEmbeds, Ephemeral, SuppressNotifications, IsComponentsV2 } = MessageFlag;
const nonce = z.union([text(0, 25), z.int()]).nullish();
const never = z.array(z.unknown()).max(0).nullish();

/** POST /channels/{id}/messages */
export const newMessage = z
  .strictObject({
    ...shared,
    nonce,
    enforce_nonce: z.boolean().nullish(),
    sticker_ids: never,
    message_reference: z
      .strictObject({
        type: z.literal(0).optional(),
        message_id: snowflake,
        channel_id: snowflake.optional(),
        guild_id: snowflake.optional(),
        fail_if_not_exists: z.boolean().optional(),
      })
      .nullish(),
  })
  .superRefine(onlyFlags(SuppressEmbeds | SuppressNotifications | IsComponentsV2));

/** PATCH of a message, through the channel or the webhook. */
export const messageEdit = z
  .strictObject({ ...shared, nonce, enforce_nonce: z.boolean().nullish(), sticker_ids: never })
  .superRefine(onlyFlags(SuppressEmbeds | IsComponentsV2 | Ephemeral));

/** Interaction answer 4 and followups. */
export const newAnswer = z
  .strictObject({ ...shared, nonce, enforce_nonce: z.boolean().nullish(), sticker_ids: never })
  .superRefine(onlyFlags(SuppressEmbeds | SuppressNotifications | IsComponentsV2 | Ephemeral));

/** Interaction answer 5: nothing but the ephemeral flag counts. */
export const deferral = z.strictObject({ flags: z.union([z.literal(0), z.literal(Ephemeral)]).nullish() }).nullish();

export type MessageBody = z.infer<typeof newMessage> | z.infer<typeof messageEdit>;
export type MentionRules = z.infer<typeof allowedMentions>;

/** Components are checked once it is known whether the message is of the new kind. */
export const componentsFor = (isModern: boolean) => (isModern ? modernComponents : classicComponents);
