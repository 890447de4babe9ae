import type { Fault, InjectedFault } from '../faults.js';
import type { HeartbeatReport } from '../gateway.js';
import type { InteractionRecord } from '../interaction-types.js';
import type { Parts } from '../parts.js';
import type { PermissionName } from '../permissions.js';
import type { RestApi, SeenRequest } from '../rest/api.js';
import type { World } from '../world.js';
import type { Channel, Guild, Message, User } from '../world-types.js';
import { ClientRefusal } from './command-data.js';
import type { SeenMessage } from './seen-types.js';
import { until } from './wait.js';

/** `ada` and `ben` are ordinary members, `moderator` has ManageGuild; anybody else by id or as a user. */
export type Person = 'ada' | 'ben' | 'moderator' | (string & {}) | User;

export interface Where {
  /** Who acts; default ada. */
  readonly as?: Person;
  /** Default: #general of the first server. */
  readonly channel?: string | Channel;
  /** Default: the person's own. */
  readonly locale?: string;
  /** Send it although Discord's app would not show the command to this person. */
  readonly ignorePermissions?: boolean;
}

export type MessageRef = string | { readonly id: string };

/** Knows the people and places, looks, waits, and breaks things on purpose. */
export class DriverBase {
  readonly world: World;
  protected readonly parts: Parts;
  readonly #api: RestApi;

  constructor(parts: Parts, api: RestApi) {
    this.world = parts.world;
    this.parts = parts;
    this.#api = api;
  }

  // ---- people and places

  user(person: Person = 'ada'): User {
    if (typeof person !== 'string') {
      return person;
    }
    const { ada, ben, moderator } = this.world.people;
    const known: Readonly<Record<string, User>> = { ada, ben, moderator };
    const user = known[person] ?? this.world.users.get(person);
    if (!user) {
      throw new Error(`Nobody here is called ${person}.`);
    }
    return user;
  }

  channel(where?: string | Channel): Channel {
    if (where === undefined) {
      return this.world.home.general;
    }
    const channel = typeof where === 'string' ? this.world.channels.get(where) : where;
    if (!channel) {
      throw new Error(`There is no channel ${String(where)}.`);
    }
    return channel;
  }

  /** The direct-message channel of a person and the bot. */
  dm(person: Person = 'ada'): Channel {
    return this.world.directMessages(this.user(person));
  }

  thread(name = 'thread', parent: string | Channel = this.world.home.general, person: Person = 'ada'): Channel {
    return this.world.addThread(this.channel(parent), name, this.user(person).id);
  }

  /** Another server with a text channel and `memberCount` ordinary members. */
  addGuild(name: string, memberCount = 1): { guild: Guild; channel: Channel; members: User[] } {
    const guild = this.world.addGuild(name);
    const members = Array.from({ length: memberCount }, (_, index) => {
      const user = this.world.addUser(`${name.toLowerCase().replace(/\W+/g, '-')}-${index}`);
      this.world.addMember(guild, user);
      return user;
    });
    return { guild, channel: this.world.addChannel(guild, 'general'), members };
  }

  /** Resolves when the bot is connected and has been told of its servers. */
  async ready(timeoutMs?: number): Promise<void> {
    await until(this.parts, () => this.parts.gateway.isConnected || undefined, 'the bot to connect', timeoutMs);
  }

  // ---- looking and waiting

  /** A message as a person sees it. */
  see(message: Message | MessageRef, person: Person = 'ada'): SeenMessage {
    const found = this.message(message);
    return this.parts.wire.message(found, this.user(person).id) as unknown as SeenMessage;
  }

  /** Everything a person sees in a channel, oldest first, their ephemeral messages included. */
  messages(where: Where = {}): SeenMessage[] {
    const user = this.user(where.as);
    const { id } = this.channel(where.channel);
    return this.world
      .channelMessages(id)
      .filter((message) => this.world.canSee(user.id, message))
      .map((message) => this.see(message, user));
  }

  /** The first message that a person sees in a channel and that is wanted; those already there count. */
  waitForMessage(
    isWanted: (message: SeenMessage) => boolean,
    where: Where & { readonly timeoutMs?: number; readonly after?: MessageRef } = {},
  ): Promise<SeenMessage> {
    const after = where.after === undefined ? 0n : BigInt(refId(where.after));
    const look = () => this.messages(where).find((message) => BigInt(message.id) > after && isWanted(message));
    return until(this.parts, look, 'a message', where.timeoutMs);
  }

  /** Resolves with a message once it looks as wanted. */
  waitForEdit(
    ref: MessageRef,
    isWanted: (message: SeenMessage) => boolean,
    where: Where & { readonly timeoutMs?: number } = {},
  ): Promise<SeenMessage> {
    const look = () => {
      const seen = this.world.messages.has(refId(ref)) ? this.see(ref, where.as) : undefined;
      return seen && isWanted(seen) ? seen : undefined;
    };
    return until(this.parts, look, `message ${refId(ref)} to change`, where.timeoutMs);
  }

  async waitForDeletion(ref: MessageRef, timeoutMs?: number): Promise<void> {
    const look = () => (this.world.messages.has(refId(ref)) ? undefined : true);
    await until(this.parts, look, `message ${refId(ref)} to be deleted`, timeoutMs);
  }

  /** Resolves when anything makes `look` return a value. */
  waitUntil<T>(look: () => T | undefined, what: string, timeoutMs?: number): Promise<T> {
    return until(this.parts, look, what, timeoutMs);
  }

  /** The bytes of a message's file. */
  async download(url: string): Promise<Uint8Array> {
    const response = await fetch(url);
    if (!response.ok) {
      throw new Error(`GET of an attachment was answered ${response.status}.`);
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  /** All interactions so far, with the time each answer took. */
  get interactions(): readonly InteractionRecord[] {
    return [...this.parts.interactions.records.values()];
  }

  /** The bot's latest requests, oldest first. */
  get requests(): readonly SeenRequest[] {
    return this.#api.seen;
  }

  heartbeats(): HeartbeatReport {
    return this.parts.gateway.heartbeats();
  }

  /** How often the bot identified and resumed. */
  get gatewayCounts(): { readonly identifies: number; readonly resumes: number } {
    return this.parts.gateway.counts;
  }

  // ---- breaking things

  /** Lets coming requests fail. */
  fail(fault: Fault): Readonly<InjectedFault> {
    return this.parts.faults.add(fault);
  }

  clearFaults(): void {
    this.parts.faults.clear();
  }

  /** All interaction tokens grow older at once; past 15 minutes they are dead. */
  ageTokens(ms: number): void {
    this.parts.interactions.ageTokens(ms);
  }

  /** Takes permissions from the bot in a channel; an empty list gives all back. */
  denyBot(permissions: readonly PermissionName[], channel?: string | Channel): void {
    this.deny(this.world.people.bot, permissions, channel);
  }

  /** Takes permissions from a person in a channel; an empty list gives all back. */
  deny(person: Person, permissions: readonly PermissionName[], channel?: string | Channel): void {
    this.world.setOverwrite(this.channel(channel), this.user(person).id, { deny: permissions });
  }

  deleteMessage(ref: MessageRef): void {
    this.parts.messages.delete(this.message(ref));
  }

  deleteChannel(channel: string | Channel): void {
    this.world.removeChannel(this.channel(channel));
  }

  /** @param how as `Gateway.drop` */
  dropGateway(how?: 'cut' | 'reconnect' | 'invalidate' | number): void {
    this.parts.gateway.drop(how);
  }

  /** While closed, connections to the gateway are refused. */
  setGatewayOpen(isOpen: boolean): void {
    this.parts.gateway.isOpen = isOpen;
  }

  /** @throws ClientRefusal when there is no such message */
  protected message(ref: Message | MessageRef): Message {
    const message = this.world.messages.get(refId(ref));
    if (!message) {
      throw new ClientRefusal(`There is no message ${refId(ref)}.`);
    }
    return message;
  }
}

/** The id of a message however it was given. */
export const refId = (ref: MessageRef): string => (typeof ref === 'string' ? ref : ref.id);
