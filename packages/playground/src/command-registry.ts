import { z } from 'zod';
import { invalidForm, refuse } from './discord-error.js';
import { type CommandBody, CommandType, command } from './validate/commands.js';
import { parseBody } from './validate/form.js';
import type { Json } from './world-types.js';

/** A registered command: what the bot sent, with Discord's ids. */
export interface RegisteredCommand {
  readonly id: string;
  readonly version: string;
  readonly guildId: string | null;
  readonly type: number;
  readonly body: CommandBody;
}

const MOST: Readonly<Record<number, number>> = {
  [CommandType.ChatInput]: 100,
  [CommandType.User]: 15,
  [CommandType.Message]: 15,
};

/** The bot's commands, global ones and those of single servers. */
export class CommandRegistry {
  readonly #commands = new Map<string, RegisteredCommand>();
  readonly #newId: () => string;
  readonly #onChange: () => void;

  constructor(newId: () => string, onChange: () => void) {
    this.#newId = newId;
    this.#onChange = onChange;
  }

  list(guildId: string | null): RegisteredCommand[] {
    return [...this.#commands.values()].filter((one) => one.guildId === guildId);
  }

  /** What members of a server (null: in a direct message) can pick from. */
  available(guildId: string | null): RegisteredCommand[] {
    const context = guildId === null ? 1 : 0;
    const global = this.list(null).filter(({ body }) => {
      if (body.contexts) {
        return body.contexts.includes(context);
      }
      return guildId !== null || body.dm_permission !== false;
    });
    return guildId === null ? global : [...this.list(guildId), ...global];
  }

  get(id: string, guildId: string | null): RegisteredCommand {
    const found = this.#commands.get(id);
    if (!found || found.guildId !== guildId) {
      throw refuse('unknownCommand');
    }
    return found;
  }

  /** Replaces all commands of a scope; ids of commands that stay are kept. */
  overwrite(body: unknown, guildId: string | null): RegisteredCommand[] {
    const bodies = parseBody(z.array(command).max(130), body);
    const seen = new Set<string>();
    bodies.forEach((one, index) => {
      const key = `${one.type ?? 1}:${one.name}`;
      if (seen.has(key)) {
        const code = 'APPLICATION_COMMANDS_DUPLICATE_NAME';
        throw invalidForm([{ path: [index, 'name'], code, message: 'Application command names must be unique' }]);
      }
      seen.add(key);
    });
    for (const [type, most] of Object.entries(MOST)) {
      if (bodies.filter((one) => (one.type ?? 1) === Number(type)).length > most) {
        throw refuse('tooManyCommands');
      }
    }
    const before = this.list(guildId);
    for (const old of before) {
      this.#commands.delete(old.id);
    }
    for (const one of bodies) {
      this.#put(one, guildId, before);
    }
    this.#onChange();
    return this.list(guildId);
  }

  /** Creates one command, or replaces the one of the same name and type. */
  upsert(body: unknown, guildId: string | null): RegisteredCommand {
    const one = parseBody(command, body);
    const same = this.list(guildId).filter((old) => old.type === (one.type ?? 1));
    if (!same.some((old) => old.body.name === one.name) && same.length >= (MOST[one.type ?? 1] ?? 0)) {
      throw refuse('tooManyCommands');
    }
    const made = this.#put(one, guildId, same);
    this.#onChange();
    return made;
  }

  edit(id: string, body: unknown, guildId: string | null): RegisteredCommand {
    const old = this.get(id, guildId);
    const changes = typeof body === 'object' && body !== null ? body : {};
    const made = { ...old, version: this.#newId(), body: parseBody(command, { ...old.body, ...changes }) };
    this.#commands.set(id, made);
    this.#onChange();
    return made;
  }

  remove(id: string, guildId: string | null): void {
    this.#commands.delete(this.get(id, guildId).id);
    this.#onChange();
  }

  #put(body: CommandBody, guildId: string | null, before: readonly RegisteredCommand[]): RegisteredCommand {
    const type = body.type ?? CommandType.ChatInput;
    const old = before.find((one) => one.type === type && one.body.name === body.name);
    const made = { id: old?.id ?? this.#newId(), version: this.#newId(), guildId, type, body };
    this.#commands.set(made.id, made);
    return made;
  }
}

/** A command as Discord shows it to the bot. */
export function commandWire(one: RegisteredCommand, applicationId: string): Json {
  const { body } = one;
  return {
    ...body,
    id: one.id,
    application_id: applicationId,
    version: one.version,
    type: one.type,
    description: body.description ?? '',
    default_member_permissions: body.default_member_permissions ?? null,
    dm_permission: body.dm_permission ?? true,
    contexts: body.contexts ?? null,
    integration_types: body.integration_types ?? [0],
    nsfw: body.nsfw ?? false,
    ...(one.guildId === null ? {} : { guild_id: one.guildId }),
  };
}
