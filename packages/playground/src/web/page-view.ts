import { commandWire } from '../command-registry.js';
import type { PlaygroundDriver } from '../driver/driver.js';
import type { InteractionRecord } from '../interaction-types.js';
import type { Parts } from '../parts.js';
import { LOCALES } from '../validate/commands.js';
import { type Channel, ChannelType, type Json, type User } from '../world-types.js';

const LATEST = 100;

/** What the page is shown, always through one person's eyes. */
export class PageView {
  readonly #parts: Parts;
  readonly #driver: PlaygroundDriver;

  constructor(parts: Parts, driver: PlaygroundDriver) {
    this.#parts = parts;
    this.#driver = driver;
  }

  /** Everything, for a page that has just been opened or switched to another person. */
  all(user: User): Json {
    const { world, gateway, limits } = this.#parts;
    const { bot, ada, ben, moderator } = world.people;
    const channels = this.#channels(user);
    return {
      type: 'state',
      me: user.id,
      botId: bot.id,
      isBotConnected: gateway.isConnected,
      attachmentBytes: limits.attachmentBytes,
      guild: { id: world.home.guild.id, name: world.home.guild.name },
      people: [ada, ben, moderator].map(({ id, displayName }) => ({
        id,
        name: displayName,
        isModerator: id === moderator.id,
      })),
      names: Object.fromEntries([...world.users.values()].map((one) => [one.id, one.displayName])),
      roles: [...world.home.guild.roles.values()].map(({ id, name }) => ({ id, name })),
      locales: LOCALES,
      channels: channels.map((channel) => this.#channel(channel)),
      messages: Object.fromEntries(channels.map((channel) => [channel.id, this.#messages(user, channel)])),
      commands: this.#commands(user),
    };
  }

  channels(user: User): Json {
    return { type: 'channels', channels: this.#channels(user).map((channel) => this.#channel(channel)) };
  }

  commands(user: User): Json {
    return { type: 'commands', commands: this.#commands(user) };
  }

  /** How an interaction of this person goes on; forms and suggestions are in it. */
  interaction(record: InteractionRecord): Json {
    return {
      type: 'interaction',
      id: record.id,
      kind: record.type,
      state: record.state,
      channel: record.channelId,
      source: record.sourceId,
      name: record.commandName,
      ...(record.answer?.modal ? { modal: record.answer.modal } : {}),
      ...(record.answer?.choices ? { choices: record.answer.choices } : {}),
    };
  }

  /** The person's channels of the first server, its threads, and their messages with the bot. */
  #channels(user: User): Channel[] {
    const { world } = this.#parts;
    world.directMessages(user);
    return [...world.channels.values()].filter((channel) => {
      if (channel.type === ChannelType.Dm) {
        return channel.recipientId === user.id;
      }
      return channel.guildId === world.home.guild.id && world.may(user.id, channel, 'ViewChannel');
    });
  }

  #channel(channel: Channel): Json {
    const { id, type, parentId } = channel;
    const isDm = type === ChannelType.Dm;
    return {
      id,
      parentId,
      isDm,
      isThread: parentId !== null,
      name: isDm ? this.#parts.world.people.bot.displayName : channel.name,
    };
  }

  #messages(user: User, channel: Channel): unknown[] {
    return this.#driver.messages({ as: user, channel }).slice(-LATEST);
  }

  #commands(user: User): Json {
    const botId = this.#parts.world.people.bot.id;
    const of = (channel: Channel) => this.#driver.commands({ as: user, channel }).map((one) => commandWire(one, botId));
    return Object.fromEntries(this.#channels(user).map((channel) => [channel.id, of(channel)]));
  }
}
