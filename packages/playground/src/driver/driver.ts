import type { RegisteredCommand } from '../command-registry.js';
import { InteractionType, type NewInteraction } from '../interaction-types.js';
import { permissionBits } from '../permissions.js';
import { addReaction, removeReaction } from '../reactions.js';
import { CommandType } from '../validate/commands.js';
import { walkComponents } from '../validate/components.js';
import { reactionEmoji } from '../validate/emoji.js';
import type { Json, Message, User } from '../world-types.js';
import { ClientRefusal, commandData, type OptionValues, type PickedFile, Resolved } from './command-data.js';
import { DriverBase, type MessageRef, refId, type Where } from './driver-base.js';
import { type ModalValues, modalData } from './modal-data.js';
import type { SeenMessage } from './seen-types.js';
import { InteractionTrace } from './trace.js';

/** A custom id, or what it looks like. */
export type CustomIdMatch = string | RegExp;

/** Acts as members of the playground's servers; everything that they can do in Discord's app, and a little more. */
export class PlaygroundDriver extends DriverBase {
  /** The commands that a person could pick. */
  commands(where: Where = {}): RegisteredCommand[] {
    const channel = this.channel(where.channel);
    const bits = this.world.permissionsOf(this.user(where.as).id, channel);
    return this.parts.commands.available(channel.guildId).filter(({ body }) => {
      const needed = body.default_member_permissions;
      if (channel.guildId === null || needed === null || needed === undefined) {
        return true;
      }
      const wanted = BigInt(needed);
      return wanted === 0n ? (bits & permissionBits(['Administrator'])) !== 0n : (bits & wanted) === wanted;
    });
  }

  /** Types a slash command. `name` may hold subcommands: `limits set`. @throws ClientRefusal */
  slash(name: string, options: OptionValues = {}, where: Where = {}): InteractionTrace {
    const { made, resolved } = this.#begin(where);
    const { command, path } = this.#command(name, CommandType.ChatInput, where);
    const data = commandData(command, path, options, { resolved, userId: made.user.id });
    return this.#start({ ...made, type: InteractionType.Command, data, commandName: name });
  }

  /** What autocomplete offers while `focused` is typed. */
  autocomplete(name: string, focused: string, options: OptionValues = {}, where: Where = {}): InteractionTrace {
    const { made, resolved } = this.#begin(where);
    const { command, path } = this.#command(name, CommandType.ChatInput, where);
    const data = commandData(command, path, { [focused]: '', ...options }, { resolved, userId: made.user.id, focused });
    return this.#start({ ...made, type: InteractionType.Autocomplete, data, commandName: name });
  }

  /** Picks a context-menu command on a message, or on a user where the command is for users. */
  contextMenu(name: string, target: MessageRef, where: Where = {}): InteractionTrace {
    const { made, resolved } = this.#begin(where, target);
    const id = refId(target);
    const kind = this.world.messages.has(id) ? CommandType.Message : CommandType.User;
    const { command } = this.#command(name, kind, where);
    if (kind === CommandType.User) {
      resolved.user(id);
    } else {
      resolved.put('messages', id, this.parts.wire.message(this.#visible(target, made.user), this.world.people.bot.id));
    }
    const data = { id: command.id, name, type: kind, target_id: id, ...resolved.json() };
    return this.#start({ ...made, type: InteractionType.Command, data, commandName: name });
  }

  /** Presses a button. @throws ClientRefusal when it is not there, disabled, or not to be seen by this person */
  pressButton(message: MessageRef, customId: CustomIdMatch, where: Where = {}): InteractionTrace {
    const { made } = this.#begin(where, message);
    const source = this.#visible(message, made.user);
    const button = this.#component(source, customId, (type) => type === 2);
    const data = { custom_id: button.custom_id, component_type: 2, id: button.id };
    return this.#start({ ...made, type: InteractionType.Component, data, message: source });
  }

  /** Chooses from a select menu: option values, or ids for user, role and channel menus. */
  selectOption(
    message: MessageRef,
    customId: CustomIdMatch,
    values: string | readonly string[],
    where: Where = {},
  ): InteractionTrace {
    const { made, resolved } = this.#begin(where, message);
    const source = this.#visible(message, made.user);
    const select = this.#component(source, customId, (type) => type === 3 || (type >= 5 && type <= 8));
    const chosen = typeof values === 'string' ? [values] : [...values];
    if (chosen.length < Number(select.min_values ?? 1) || chosen.length > Number(select.max_values ?? 1)) {
      throw new ClientRefusal(`This menu does not take ${chosen.length} values.`);
    }
    const known = (value: string): boolean => {
      if (select.type === 3) {
        return (select.options as { value: string }[]).some((option) => option.value === value);
      }
      if (select.type === 8) {
        return resolved.channel(value, made.user.id);
      }
      return (select.type !== 6 && resolved.user(value)) || (select.type !== 5 && resolved.role(value));
    };
    const unknown = chosen.find((value) => !known(value));
    if (unknown !== undefined) {
      throw new ClientRefusal(`This menu has no option ${unknown}.`);
    }
    const data = {
      custom_id: select.custom_id,
      component_type: select.type,
      id: select.id,
      values: chosen,
      ...resolved.json(),
    };
    return this.#start({ ...made, type: InteractionType.Component, data, message: source });
  }

  /** Sends the form that an interaction opened. Can be done again and late, as an open form can. */
  async submitModal(opened: InteractionTrace, values: ModalValues = {}, where: Where = {}): Promise<InteractionTrace> {
    const modal = await opened.modal();
    const { record } = opened;
    const source = record.sourceId === null ? undefined : this.world.messages.get(record.sourceId);
    const { made, resolved } = this.#begin({ as: record.userId, channel: record.channelId, ...where });
    const data = modalData(modal, values, resolved);
    return this.#start({ ...made, type: InteractionType.ModalSubmit, data, ...(source ? { message: source } : {}) });
  }

  react(message: MessageRef, emoji: string, where: Where = {}): void {
    const user = this.user(where.as);
    const found = this.#visible(message, user);
    addReaction(this.world, this.channel(found.channelId), found, user.id, this.#emoji(emoji));
  }

  unreact(message: MessageRef, emoji: string, where: Where = {}): void {
    removeReaction(this.world, this.message(message), this.user(where.as).id, this.#emoji(emoji));
  }

  /** Posts an ordinary message, with files if wanted. */
  say(content: string, where: Where & { readonly files?: readonly PickedFile[] } = {}): SeenMessage {
    const user = this.user(where.as);
    const channel = this.channel(where.channel);
    if (!this.world.may(user.id, channel, channel.parentId === null ? 'SendMessages' : 'SendMessagesInThreads')) {
      throw new ClientRefusal(`${user.displayName} may not write here.`);
    }
    const files = new Map((where.files ?? []).map((file, index) => [String(index), file]));
    return this.see(this.parts.messages.create({ channel, authorId: user.id, body: { content }, files }), user);
  }

  /**
   * Sends the bot an interaction as it stands, with no check at all; for forged and broken ones.
   * @param change puts fields over an ordinary interaction of that type; a function gets the whole payload
   */
  sendRaw(
    type: number,
    data: Json,
    change: Json | ((payload: Json) => Json) = {},
    where: Where & { readonly message?: MessageRef } = {},
  ): InteractionTrace {
    const { made } = this.#begin(where);
    const message = where.message === undefined ? undefined : this.message(where.message);
    const distort = typeof change === 'function' ? change : (payload: Json) => ({ ...payload, ...change });
    return this.#start({ ...made, type, data, ...(message ? { message } : {}) }, distort);
  }

  /** Delivers an interaction once more, as after a resumed session. */
  deliverAgain(trace: InteractionTrace): void {
    this.parts.interactions.deliverAgain(trace.record);
  }

  // ---- inside

  #begin(where: Where, message?: MessageRef) {
    const user = this.user(where.as);
    const home = message === undefined ? undefined : this.world.messages.get(refId(message))?.channelId;
    const channel = this.channel(where.channel ?? home);
    const locale = where.locale === undefined ? {} : { locale: where.locale };
    return { made: { user, channel, ...locale }, resolved: new Resolved(this.parts, channel) };
  }

  #start(made: NewInteraction, distort?: (payload: Json) => Json): InteractionTrace {
    return new InteractionTrace(this.parts.interactions.start(made, distort), this.parts);
  }

  #command(name: string, type: number, where: Where): { command: RegisteredCommand; path: string[] } {
    const [first = '', ...path] = type === CommandType.ChatInput ? name.split(' ') : [name];
    const channel = this.channel(where.channel);
    const list = where.ignorePermissions ? this.parts.commands.available(channel.guildId) : this.commands(where);
    const command = list.find((one) => one.type === type && one.body.name === first);
    if (!command) {
      throw new ClientRefusal(`${this.user(where.as).displayName} has no command ${first} here.`);
    }
    return { command, path };
  }

  #component(message: Message, customId: CustomIdMatch, isKind: (type: number) => boolean): Json {
    const ids: string[] = [];
    for (const { component } of walkComponents(message.components)) {
      const id = component.custom_id;
      if (typeof id !== 'string' || !isKind(Number(component.type))) {
        continue;
      }
      ids.push(id);
      if (typeof customId === 'string' ? id !== customId : !customId.test(id)) {
        continue;
      }
      if (component.disabled === true) {
        throw new ClientRefusal(`${id} is disabled.`);
      }
      return component;
    }
    throw new ClientRefusal(`The message has no ${String(customId)}; it has ${ids.join(', ') || 'nothing to press'}.`);
  }

  #visible(ref: MessageRef, user: User): Message {
    const message = this.message(ref);
    if (!this.world.canSee(user.id, message)) {
      throw new ClientRefusal(`${user.displayName} does not see this message.`);
    }
    return message;
  }

  #emoji(text: string) {
    const emoji = reactionEmoji(text);
    if (!emoji) {
      throw new ClientRefusal(`${text} is not an emoji.`);
    }
    return emoji;
  }
}
