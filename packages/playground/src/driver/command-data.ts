import type { RegisteredCommand } from '../command-registry.js';
import type { Parts } from '../parts.js';
import { type CommandOption, OptionType } from '../validate/commands.js';
import type { Channel, Json } from '../world-types.js';

/** A file that a member picks on their disk. */
export interface PickedFile {
  readonly filename: string;
  readonly bytes: Uint8Array;
  readonly contentType?: string;
}

/** Users, roles and channels are given by id. */
export type OptionValue = string | number | boolean | PickedFile;
export type OptionValues = Readonly<Record<string, OptionValue | undefined>>;

/** A mistake in what the test asks for, which Discord's own app would not let a member send. */
export class ClientRefusal extends Error {
  override readonly name = 'ClientRefusal';
}

/** Lookup tables that go with option values and chosen select values. */
export class Resolved {
  readonly #tables: Record<string, Record<string, unknown>> = {};
  readonly #parts: Parts;
  readonly #channel: Channel;

  constructor(parts: Parts, channel: Channel) {
    this.#parts = parts;
    this.#channel = channel;
  }

  put(table: string, id: string, value: unknown): void {
    this.#tables[table] = { ...this.#tables[table], [id]: value };
  }

  user(id: string): boolean {
    const { world, wire } = this.#parts;
    const user = world.users.get(id);
    if (!user) {
      return false;
    }
    this.put('users', id, wire.user(user));
    const guild = this.#channel.guildId === null ? undefined : world.guilds.get(this.#channel.guildId);
    const member = guild?.members.get(id);
    if (member) {
      const permissions = world.permissionsOf(id, this.#channel).toString();
      this.put('members', id, { ...wire.memberAlone(member), permissions });
    }
    return true;
  }

  role(id: string): boolean {
    const role =
      this.#channel.guildId === null ? undefined : this.#parts.world.guilds.get(this.#channel.guildId)?.roles.get(id);
    if (role) {
      this.put('roles', id, this.#parts.wire.role(role));
    }
    return role !== undefined;
  }

  channel(id: string, userId: string): boolean {
    const channel = this.#parts.world.channels.get(id);
    if (!channel || channel.guildId !== this.#channel.guildId) {
      return false;
    }
    const permissions = this.#parts.world.permissionsOf(userId, channel).toString();
    this.put('channels', id, { ...this.#parts.wire.channel(channel), permissions });
    return true;
  }

  /** Uploads a file as a member's client does before it sends the interaction. */
  file(file: PickedFile): string {
    const attachment = this.#parts.store.add(file, this.#channel.id, { ephemeral: true });
    this.put('attachments', attachment.id, this.#parts.wire.attachment(attachment));
    return attachment.id;
  }

  json(): Json {
    return Object.keys(this.#tables).length === 0 ? {} : { resolved: this.#tables };
  }
}

/**
 * The `data` of a slash command or an autocomplete request.
 * @param path `limits set` for a subcommand
 * @param focused the option that is being typed, for autocomplete: nothing is checked then
 * @throws ClientRefusal for what Discord's app would not send
 */
export function commandData(
  command: RegisteredCommand,
  path: readonly string[],
  values: OptionValues,
  context: { readonly resolved: Resolved; readonly userId: string; readonly focused?: string },
): Json {
  let level: readonly CommandOption[] = command.body.options ?? [];
  const nesting: CommandOption[] = [];
  for (const name of path) {
    const found = level.find((option) => option.name === name && option.type <= OptionType.SubcommandGroup);
    if (!found) {
      throw new ClientRefusal(`/${command.body.name} has no subcommand ${name}.`);
    }
    nesting.push(found);
    level = found.options ?? [];
  }
  if (level.some((option) => option.type <= OptionType.SubcommandGroup)) {
    throw new ClientRefusal(
      `/${[command.body.name, ...path].join(' ')} needs a subcommand: ${level.map((one) => one.name).join(', ')}.`,
    );
  }
  for (const name of Object.keys(values)) {
    if (!level.some((option) => option.name === name)) {
      throw new ClientRefusal(`/${command.body.name} has no option ${name}.`);
    }
  }
  let options: Json[] = level.flatMap((option) => {
    const value = values[option.name];
    if (value === undefined) {
      if (option.required && context.focused === undefined) {
        throw new ClientRefusal(`The option ${option.name} is required.`);
      }
      return [];
    }
    if (context.focused === undefined) {
      checkValue(option, value);
    }
    const isFocused = context.focused === option.name;
    const sent = isFocused ? value : resolve(option, value, context);
    return [{ type: option.type, name: option.name, value: sent, ...(isFocused ? { focused: true } : {}) }];
  });
  for (const option of nesting.reverse()) {
    options = [{ type: option.type, name: option.name, options }];
  }
  return {
    id: command.id,
    name: command.body.name,
    type: command.type,
    options,
    ...context.resolved.json(),
    ...(command.guildId === null ? {} : { guild_id: command.guildId }),
  };
}

function resolve(
  option: CommandOption,
  value: OptionValue,
  { resolved, userId }: { resolved: Resolved; userId: string },
): unknown {
  if (typeof value === 'object') {
    return resolved.file(value);
  }
  const id = String(value);
  const isKnown = {
    [OptionType.User]: () => resolved.user(id),
    [OptionType.Role]: () => resolved.role(id),
    [OptionType.Channel]: () => resolved.channel(id, userId),
    [OptionType.Mentionable]: () => resolved.user(id) || resolved.role(id),
  }[option.type];
  if (isKnown && !isKnown()) {
    throw new ClientRefusal(`There is no ${option.name} with the id ${id} here.`);
  }
  return value;
}

function checkValue(option: CommandOption, value: OptionValue): void {
  const wrong = (why: string) => new ClientRefusal(`The option ${option.name} ${why}.`);
  const { type } = option;
  if (type === OptionType.Attachment) {
    if (typeof value !== 'object') {
      throw wrong('takes a file');
    }
    return;
  }
  if (type === OptionType.Boolean) {
    if (typeof value !== 'boolean') {
      throw wrong('takes true or false');
    }
    return;
  }
  if (type === OptionType.Integer || type === OptionType.Number) {
    if (typeof value !== 'number' || (type === OptionType.Integer && !Number.isSafeInteger(value))) {
      throw wrong('takes a number');
    }
    if (value < (option.min_value ?? -Infinity)) {
      throw wrong(`must be at least ${option.min_value}`);
    }
    if (value > (option.max_value ?? Infinity)) {
      throw wrong(`must be at most ${option.max_value}`);
    }
  } else if (typeof value !== 'string') {
    throw wrong('takes a text');
  } else if (type === OptionType.String) {
    if (value.length < (option.min_length ?? 0)) {
      throw wrong(`needs at least ${option.min_length} characters`);
    }
    if (value.length > (option.max_length ?? 6000)) {
      throw wrong(`takes at most ${option.max_length ?? 6000} characters`);
    }
  }
  if (option.choices?.length && !option.choices.some((choice) => choice.value === value)) {
    throw wrong(`must be one of ${option.choices.map((choice) => choice.value).join(', ')}`);
  }
}
