import { FairLevel, type Flow } from './fair-level.js';
import { ServerTurns } from './server-turns.js';

export interface FairEntry {
  readonly id: string;
  /** A server, or one member's direct messages. */
  readonly groupKey: string;
  /** Who shares the machine with everybody else's members, in this server. */
  readonly memberKey: string;
  /** Shares are proportional to groupWeight × memberWeight; 1 is normal, and a weight must be above 0. */
  readonly groupWeight: number;
  readonly memberWeight: number;
  /** How much of a turn the job uses up, above 0. */
  readonly cost: number;
  /** Order of arrival; jobs of one member are taken in this order. */
  readonly sequence: number;
}

interface MemberFlow extends Flow {
  readonly groupKey: string;
  /** Of the newest job: how fast the server's turns in a round come round. */
  groupWeight: number;
  readonly waiting: FairEntry[];
}

/**
 * Weighted fair queueing over members, with servers taking turns among those who are due at the same time.
 *
 * Each member of each server is a party of its own, so a member with fifty jobs delays, per painting slot, everybody
 * else's next job by one job at most, in the same server or in any other. Within such a round servers alternate, so that
 * a crowd in one server does not go before a single member of another. A server's weight is the weight of each of its
 * members. Taking and adding cost O(log members), whatever the number of waiting jobs.
 */
export class FairScheduler {
  readonly #entries = new Map<string, FairEntry>();
  readonly #groups = new Map<string, Set<MemberFlow>>();
  readonly #heldGroups = new Set<string>();
  readonly #turns: ServerTurns;
  readonly #members: FairLevel<MemberFlow>;

  constructor(ahead?: { readonly turns: ServerTurns; readonly members: FairLevel<MemberFlow> }) {
    this.#turns = ahead?.turns ?? new ServerTurns();
    this.#members = ahead?.members ?? new FairLevel(rankBy(this.#turns));
  }

  get size(): number {
    return this.#entries.size;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  countOf(groupKey: string, memberKey: string): number {
    return this.#members.get(flowKey(groupKey, memberKey))?.waiting.length ?? 0;
  }

  /** @throws RangeError for an id that waits already, and for a weight or cost that is not above 0. */
  add(entry: FairEntry): void {
    this.#enter(entry);
  }

  /** The job whose turn it is, removed; undefined when none waits or all are held. */
  take(): FairEntry | undefined {
    const member = this.#members.next();
    const entry = member?.waiting.shift();
    if (member === undefined || entry === undefined) {
      return undefined;
    }
    this.#turns.taken(member.rank);
    this.#members.charge(member, charge(entry));
    this.#left(entry, member);
    return entry;
  }

  /** Undoes a `take`: the job goes back to its place, and nobody has been charged. */
  putBack(entry: FairEntry): void {
    this.#members.refund(this.#enter(entry), charge(entry));
  }

  /** False when it does not wait. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    const member = entry && this.#members.get(flowKey(entry.groupKey, entry.memberKey));
    if (entry === undefined || member === undefined) {
      return false;
    }
    member.waiting.splice(member.waiting.indexOf(entry), 1);
    this.#left(entry, member);
    return true;
  }

  /** A held group keeps its jobs and takes new ones, but is passed over. Being held gains no credit. */
  setHeld(groupKey: string, isHeld: boolean): void {
    if (isHeld) {
      this.#heldGroups.add(groupKey);
    } else {
      this.#heldGroups.delete(groupKey);
    }
    for (const member of this.#groups.get(groupKey) ?? []) {
      this.#admit(member);
    }
  }

  isHeld(groupKey: string): boolean {
    return this.#heldGroups.has(groupKey);
  }

  /** Every waiting job: first those that may be taken, in the order in which they would be, then the held ones. */
  order(): readonly FairEntry[] {
    const ahead = this.#copyOfReady();
    const order: FairEntry[] = [];
    for (let entry = ahead.take(); entry !== undefined; entry = ahead.take()) {
      order.push(entry);
    }
    const held = [...this.#entries.values()].filter((entry) => this.#heldGroups.has(entry.groupKey));
    return [...order, ...held.sort((a, b) => a.sequence - b.sequence)];
  }

  /** Forgets what parties without work have used up: to be called when nothing waits and nothing is painted. */
  forgetIdle(): void {
    this.#members.forgetIdle();
  }

  /** Members it keeps in memory, with work or remembered. */
  get memberCount(): number {
    return this.#members.size;
  }

  #enter(entry: FairEntry): MemberFlow {
    if (this.#entries.has(entry.id)) {
      throw new RangeError(`The job ${entry.id} waits already.`);
    }
    for (const share of [entry.cost, entry.groupWeight, entry.memberWeight]) {
      if (!(share > 0 && share < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`A weight or cost of ${share}.`);
      }
    }
    const { groupKey, groupWeight } = entry;
    const key = flowKey(groupKey, entry.memberKey);
    const member = this.#members.get(key) ?? { key, groupKey, groupWeight, start: 0, rank: 0, order: 0, waiting: [] };
    member.groupWeight = groupWeight;
    // A job that comes back is older than those that wait; all others go to the end.
    const place = member.waiting.findLastIndex((other) => other.sequence < entry.sequence) + 1;
    member.waiting.splice(place, 0, entry);
    this.#entries.set(entry.id, entry);
    const group = this.#groups.get(groupKey) ?? new Set();
    this.#groups.set(groupKey, group.add(member));
    this.#admit(member);
    return member;
  }

  #admit(member: MemberFlow): void {
    if (this.#heldGroups.has(member.groupKey)) {
      this.#members.hold(member);
    } else {
      this.#members.enter(member);
    }
  }

  /** The entry is out of its member's list: whoever has nothing left leaves. */
  #left(entry: FairEntry, member: MemberFlow): void {
    this.#entries.delete(entry.id);
    if (member.waiting.length > 0) {
      return;
    }
    this.#members.leave(member);
    const group = this.#groups.get(member.groupKey);
    group?.delete(member);
    if (group?.size !== 0) {
      return;
    }
    this.#groups.delete(member.groupKey);
    this.#turns.forget(member.groupKey);
  }

  /** What may be taken, in the same state, for looking ahead. */
  #copyOfReady(): FairScheduler {
    const turns = this.#turns.copy();
    const copyFlow = (member: MemberFlow) => ({ ...member, waiting: [...member.waiting] });
    return new FairScheduler({ turns, members: this.#members.copy(copyFlow, rankBy(turns)) });
  }
}

const rankBy = (turns: ServerTurns) => (member: MemberFlow) => turns.draw(member.groupKey, member.groupWeight);

/** Ids of Discord are digits: a space cannot be part of one. */
const flowKey = (groupKey: string, memberKey: string) => `${groupKey} ${memberKey}`;

const charge = (entry: FairEntry) => entry.cost / (entry.groupWeight * entry.memberWeight);
