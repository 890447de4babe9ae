import { FairLevel, type Flow } from './fair-level.js';

export interface FairEntry {
  readonly id: string;
  /** Who shares the machine on the upper level: a server, or one member's direct messages. */
  readonly groupKey: string;
  /** Who shares a group's turns. */
  readonly memberKey: string;
  /** Shares are proportional to weights; 1 is normal, and a weight must be above 0. */
  readonly groupWeight: number;
  readonly memberWeight: number;
  /** How much of a turn the job uses up, above 0. */
  readonly cost: number;
  /** Order of arrival; jobs of one member are taken in this order. */
  readonly sequence: number;
}

interface MemberFlow extends Flow {
  readonly waiting: FairEntry[];
}

interface GroupFlow extends Flow {
  readonly members: FairLevel<MemberFlow>;
  waitingCount: number;
}

/**
 * Weighted fair queueing on two levels: over groups, and inside each group over its members. A member with fifty jobs
 * delays, per painting slot, the next job of everybody else in the server and the next turn of every other server by one
 * job at most: a newcomer alone in a server is next, the third newcomer of one server waits for three of its turns. Taking and adding cost O(log parties), whatever the number of waiting jobs.
 */
export class FairScheduler {
  readonly #groups: FairLevel<GroupFlow>;
  readonly #entries = new Map<string, FairEntry>();
  readonly #heldGroups = new Set<string>();

  constructor(groups = new FairLevel<GroupFlow>()) {
    this.#groups = groups;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  countOf(groupKey: string, memberKey: string): number {
    return this.#groups.get(groupKey)?.members.get(memberKey)?.waiting.length ?? 0;
  }

  /** @throws RangeError for an id that waits already, and for a weight or cost that is not above 0. */
  add(entry: FairEntry): void {
    this.#enter(entry);
  }

  /** The job whose turn it is, removed; undefined when none waits or all are held. */
  take(): FairEntry | undefined {
    const group = this.#groups.next();
    const member = group?.members.next();
    const entry = member?.waiting.shift();
    if (group === undefined || member === undefined || entry === undefined) return undefined;
    group.members.charge(member, entry.cost / entry.memberWeight);
    this.#groups.charge(group, entry.cost / entry.groupWeight);
    this.#left(entry, group, member);
    return entry;
  }

  /** Undoes a `take`: the job goes back to its place, and nobody has been charged. */
  putBack(entry: FairEntry): void {
    const { group, member } = this.#enter(entry);
    group.members.refund(member, entry.cost / entry.memberWeight);
    this.#groups.refund(group, entry.cost / entry.groupWeight);
  }

  /** False when it does not wait. */
  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    const group = this.#groups.get(entry.groupKey);
    const member = group?.members.get(entry.memberKey);
    if (group === undefined || member === undefined) return false;
    member.waiting.splice(member.waiting.indexOf(entry), 1);
    this.#left(entry, group, member);
    return true;
  }

  /** A held group keeps its jobs and takes new ones, but is passed over. Being held gains no credit. */
  setHeld(groupKey: string, isHeld: boolean): void {
    if (isHeld) this.#heldGroups.add(groupKey);
    else this.#heldGroups.delete(groupKey);
    const group = this.#groups.get(groupKey);
    if (group === undefined || group.waitingCount === 0) return;
    if (isHeld) this.#groups.hold(group);
    else this.#groups.enter(group);
  }

  isHeld(groupKey: string): boolean {
    return this.#heldGroups.has(groupKey);
  }

  /** Every waiting job: first those that may be taken, in the order in which they would be, then the held ones. */
  order(): readonly FairEntry[] {
    const ahead = this.#copyOfReady();
    const order: FairEntry[] = [];
    for (let entry = ahead.take(); entry !== undefined; entry = ahead.take()) order.push(entry);
    const held = [...this.#entries.values()].filter((entry) => this.#heldGroups.has(entry.groupKey));
    return [...order, ...held.sort((a, b) => a.sequence - b.sequence)];
  }

  /** Forgets what parties without work have used up: to be called when nothing waits and nothing is painted. */
  forgetIdle(): void {
    this.#groups.forgetIdle();
  }

  /** Groups it keeps in memory, with work or remembered. */
  get groupCount(): number {
    return this.#groups.size;
  }

  #enter(entry: FairEntry): { readonly group: GroupFlow; readonly member: MemberFlow } {
    if (this.#entries.has(entry.id)) throw new RangeError(`The job ${entry.id} waits already.`);
    for (const share of [entry.cost, entry.groupWeight, entry.memberWeight]) {
      if (!(share > 0 && share < Number.POSITIVE_INFINITY)) throw new RangeError(`A weight or cost of ${share}.`);
    }
    const group = this.#groups.get(entry.groupKey) ?? {
      key: entry.groupKey,
      start: 0,
      rank: 0,
      members: new FairLevel<MemberFlow>(),
      waitingCount: 0,
    };
    const member = group.members.get(entry.memberKey) ?? { key: entry.memberKey, start: 0, rank: 0, waiting: [] };
    // A job that comes back is older than those that wait; all others go to the end.
    const place = member.waiting.findLastIndex((other) => other.sequence < entry.sequence) + 1;
    member.waiting.splice(place, 0, entry);
    group.waitingCount += 1;
    this.#entries.set(entry.id, entry);
    group.members.enter(member);
    if (this.#heldGroups.has(group.key)) this.#groups.hold(group);
    else this.#groups.enter(group);
    return { group, member };
  }

  /** The entry is out of its member's list: whoever has nothing left leaves its level. */
  #left(entry: FairEntry, group: GroupFlow, member: MemberFlow): void {
    this.#entries.delete(entry.id);
    group.waitingCount -= 1;
    if (member.waiting.length === 0) group.members.leave(member);
    if (group.waitingCount === 0) this.#groups.leave(group);
  }

  /** What may be taken, in the same state, for looking ahead. */
  #copyOfReady(): FairScheduler {
    const groups = this.#groups.copy((group) => ({
      ...group,
      members: group.members.copy((member) => ({ ...member, waiting: [...member.waiting] })),
    }));
    return new FairScheduler(groups);
  }
}
