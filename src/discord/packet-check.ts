import { ApplicationCommandOptionType, ApplicationCommandType, ComponentType, InteractionType } from 'discord.js';
import { z } from 'zod';

/**
 * discord.js trusts the gateway and throws, inside its own socket handler, when a packet has other types than it
 * expects. Packets that would reach our handlers are therefore read here first: what is not understood is dropped, and
 * what is wrong never gets further.
 */

const MAX_TEXT = 10_000;
const snowflake = z.string().regex(/^\d{1,20}$/);
const bits = z.string().regex(/^\d{1,40}$/);
const text = z.string().max(MAX_TEXT);

const user = z.looseObject({ id: snowflake, username: text.optional(), bot: z.boolean().optional() });
const memberFields = { roles: z.array(snowflake).max(500), permissions: bits.optional() };
const member = z.object({ ...memberFields, user });
const resolvedMember = z.object(memberFields);
const role = z.looseObject({ id: snowflake, name: text, permissions: bits });
const channel = z.object({
  id: snowflake,
  type: z.int(),
  guild_id: snowflake.optional(),
  name: text.nullish(),
  parent_id: snowflake.nullish(),
  permissions: bits.optional(),
  recipients: z.array(user).max(20).optional(),
});
const attachment = z.object({
  id: snowflake,
  filename: text,
  size: z.int().nonnegative(),
  url: text,
  proxy_url: text.optional(),
  content_type: text.nullish(),
  width: z.number().nullish(),
  height: z.number().nullish(),
});
const button = z.object({
  type: z.literal(ComponentType.Button),
  style: z.int(),
  custom_id: text.optional(),
  label: text.optional(),
});
const select = z.object({
  type: z.literal(ComponentType.StringSelect),
  custom_id: text,
  options: z.array(z.looseObject({})).max(25),
});
const row = z.object({
  type: z.literal(ComponentType.ActionRow),
  components: z.array(z.union([button, select])).max(5),
});
/** Of a message no more is used than its pictures, its words, and the custom ids under it. */
const message = z.object({
  id: snowflake,
  channel_id: snowflake,
  author: user,
  content: text.optional(),
  flags: z.int().optional(),
  attachments: z.array(attachment).max(20).catch([]),
  components: z.array(row).max(10).catch([]),
});

const resolved = z.object({
  users: z.record(snowflake, user).optional(),
  members: z.record(snowflake, resolvedMember).optional(),
  roles: z.record(snowflake, role).optional(),
  channels: z.record(snowflake, channel).optional(),
  attachments: z.record(snowflake, attachment).optional(),
  messages: z.record(snowflake, message).optional(),
});

const leafOption = z.object({
  name: text,
  type: z.int().min(ApplicationCommandOptionType.String).max(ApplicationCommandOptionType.Attachment),
  value: z.union([text, z.number(), z.boolean()]),
  focused: z.boolean().optional(),
});
const subcommand = z.object({
  name: text,
  type: z.literal(ApplicationCommandOptionType.Subcommand),
  options: z.array(leafOption).max(25).optional(),
});
const subcommandGroup = z.object({
  name: text,
  type: z.literal(ApplicationCommandOptionType.SubcommandGroup),
  options: z.array(subcommand).max(25),
});
const option = z.union([subcommand, subcommandGroup, leafOption]);

const commandData = z.object({
  id: snowflake,
  name: text,
  type: z.enum(ApplicationCommandType),
  options: z.array(option).max(25).optional(),
  resolved: resolved.optional(),
  target_id: snowflake.optional(),
  guild_id: snowflake.optional(),
});
const messageMenuData = commandData.extend({
  type: z.literal(ApplicationCommandType.Message),
  target_id: snowflake,
  resolved,
});
const chatInputData = commandData.extend({ type: z.literal(ApplicationCommandType.ChatInput) });
const componentData = z.object({
  custom_id: text,
  component_type: z.literal([ComponentType.Button, ComponentType.StringSelect]),
  values: z.array(text).max(25).optional(),
});
const buttonData = componentData.extend({ component_type: z.literal(ComponentType.Button) });
const selectData = componentData.extend({
  component_type: z.literal(ComponentType.StringSelect),
  values: z.array(text).max(25),
});
const modalField = z.object({
  type: z.int(),
  custom_id: text,
  value: text.optional(),
  values: z.array(text).optional(),
});
const modalRow = z.union([
  z.object({ type: z.literal(ComponentType.Label), component: modalField }),
  z.object({ type: z.literal(ComponentType.ActionRow), components: z.array(modalField).max(5) }),
]);
const modalData = z.object({ custom_id: text, components: z.array(modalRow).max(10) });

const common = {
  id: snowflake,
  application_id: snowflake,
  token: z.string().min(1).max(1000),
  version: z.int().optional(),
  guild_id: snowflake.optional(),
  guild_locale: text.optional(),
  locale: z.string().max(20).catch('en-US'),
  channel,
  channel_id: snowflake.optional(),
  app_permissions: bits,
  attachment_size_limit: z
    .int()
    .positive()
    .catch(10 * 1024 * 1024),
  context: z.int().nullish(),
  entitlements: z
    .array(z.unknown())
    .transform(() => [])
    .catch([]),
  authorizing_integration_owners: z.record(z.string(), snowflake).catch({}),
};
const byWhom = z.union([
  z.object({ member, guild_id: snowflake }),
  z.object({ user, guild_id: z.undefined().optional() }),
]);

const interaction = z
  .discriminatedUnion('type', [
    z.object({
      ...common,
      type: z.literal(InteractionType.ApplicationCommand),
      data: z.union([chatInputData, messageMenuData]),
    }),
    z.object({
      ...common,
      type: z.literal(InteractionType.MessageComponent),
      data: z.union([buttonData, selectData]),
      message,
    }),
    z.object({ ...common, type: z.literal(InteractionType.ApplicationCommandAutocomplete), data: chatInputData }),
    z.object({ ...common, type: z.literal(InteractionType.ModalSubmit), data: modalData, message: message.optional() }),
  ])
  .and(byWhom);

const reaction = z.object({
  user_id: snowflake,
  channel_id: snowflake,
  message_id: snowflake,
  guild_id: snowflake.optional(),
  member: member.optional(),
  emoji: z.object({ id: snowflake.nullish(), name: text.nullish() }),
  type: z.int().optional(),
  burst: z.boolean().optional(),
});

const SCHEMAS: Readonly<Record<string, z.ZodType<unknown>>> = {
  INTERACTION_CREATE: interaction,
  MESSAGE_REACTION_ADD: reaction,
  MESSAGE_REACTION_REMOVE: reaction,
};

export interface Packet {
  t?: unknown;
  d?: unknown;
}

/** An interaction that cannot be read, but that can still be answered. */
export interface MalformedInteraction {
  readonly id: string;
  readonly token: string;
  readonly type: unknown;
  readonly locale: string;
}

/**
 * Replaces a packet's data by what was understood of it, or renames the packet so that nobody handles it.
 * @returns what is known of a malformed interaction, for an answer; undefined for everything else
 */
export function checkPacket(packet: Packet): MalformedInteraction | undefined {
  const schema = typeof packet.t === 'string' && Object.hasOwn(SCHEMAS, packet.t) ? SCHEMAS[packet.t] : undefined;
  if (schema === undefined) {
    return undefined;
  }
  const result = schema.safeParse(packet.d);
  if (result.success) {
    packet.d = result.data;
    return undefined;
  }
  const isInteraction = packet.t === 'INTERACTION_CREATE';
  const bare = bareInteraction.safeParse(packet.d);
  packet.t = `MALFORMED_${String(packet.t)}`;
  return isInteraction && bare.success ? bare.data : undefined;
}

const bareInteraction = z.object({
  id: snowflake,
  token: z.string().regex(/^[\w.-]{1,1000}$/),
  type: z.unknown(),
  locale: z.string().max(20).catch('en-US'),
});
