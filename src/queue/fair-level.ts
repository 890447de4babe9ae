import { MinHeap } from './min-heap.js';

/** One party that shares the machine with others: a member of a server, or of direct messages. */
export interface Flow {
  readonly key: string;
  /** Start tag: the virtual time at which its next job is due. */
  start: number;
  /** Order among equal start tags. */
  rank: number;
  /** Order among equal ranks: whoever has waited longer. */
  order: number;
}

/**
 * Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): the party with the smallest start tag goes
 * next, its tag then grows by cost ÷ weight, and virtual time is the start tag of what was taken last. A party that
 * comes back starts at virtual time at the earliest, so that idling gains no credit; until virtual time has passed its
 * tag it is remembered, so that leaving and coming back forgets no debt.
 */
export class FairLevel<F extends Flow> {
  readonly #flows = new Map<string, F>();
  /** Parties with work that may be taken. */
  readonly #ready = new MinHeap<F>(isBefore);
  /** Parties without work that are still remembered. */
  readonly #idle = new MinHeap<F>((a, b) => a.start < b.start);
  #virtualTime = 0;
  #nextOrder = 0;
  readonly #drawRank: (flow: F) => number;

  /** @param drawRank Order among parties that are due at the same virtual time, drawn anew for each of their turns. */
  constructor(drawRank: (flow: F) => number) {
    this.#drawRank = drawRank;
  }

  /** Parties with work, and those remembered without. */
  get size(): number {
    return this.#flows.size;
  }

  get(key: string): F | undefined {
    return this.#flows.get(key);
  }

  /** Takes part from now on, with the tag it had grown to but none in the past. Does nothing for one that already does. */
  enter(flow: F): void {
    if (this.#ready.has(flow)) {
      return;
    }
    this.#idle.remove(flow);
    this.#flows.set(flow.key, flow);
    flow.start = Math.max(flow.start, this.#virtualTime);
    flow.rank = this.#drawRank(flow);
    flow.order = this.#nextOrder++;
    this.#ready.push(flow);
  }

  /** Has no work any more. */
  leave(flow: F): void {
    this.#ready.remove(flow);
    if (flow.start > this.#virtualTime) {
      this.#idle.push(flow);
    } else {
      this.#flows.delete(flow.key);
    }
  }

  /** Keeps its work, but is passed over until it enters again. */
  hold(flow: F): void {
    this.#ready.remove(flow);
    this.#idle.remove(flow);
    this.#flows.set(flow.key, flow);
  }

  next(): F | undefined {
    return this.#ready.peek();
  }

  /** Charges a party that is taken from, and moves virtual time to where it started. */
  charge(flow: F, amount: number): void {
    this.#virtualTime = Math.max(this.#virtualTime, flow.start);
    this.#retag(flow, flow.start + amount, this.#drawRank(flow));
    for (let idle = this.#idle.peek(); idle && idle.start <= this.#virtualTime; idle = this.#idle.peek()) {
      this.#forget(idle);
    }
  }

  /** Gives back what was charged; the party goes before its equals, because its turn is repeated. */
  refund(flow: F, amount: number): void {
    this.#retag(flow, flow.start - amount, Number.NEGATIVE_INFINITY);
  }

  /** Forgets the parties without work: for when all work is done and nobody is owed anything. */
  forgetIdle(): void {
    for (let idle = this.#idle.peek(); idle; idle = this.#idle.peek()) {
      this.#forget(idle);
    }
  }

  /** The parties that may be taken, as copies on a level of their own: for looking ahead. */
  copy(copyFlow: (flow: F) => F, drawRank: (flow: F) => number): FairLevel<F> {
    const copy = new FairLevel<F>(drawRank);
    copy.#virtualTime = this.#virtualTime;
    copy.#nextOrder = this.#nextOrder;
    for (const flow of this.#ready.values()) {
      const twin = copyFlow(flow);
      copy.#flows.set(twin.key, twin);
      copy.#ready.push(twin);
    }
    return copy;
  }

  /** Tags are what the heap is ordered by: out, change, in again. */
  #retag(flow: F, start: number, rank: number): void {
    const wasReady = this.#ready.remove(flow);
    flow.start = start;
    flow.rank = rank;
    flow.order = this.#nextOrder++;
    if (wasReady) {
      this.#ready.push(flow);
    }
  }

  #forget(flow: F): void {
    this.#idle.remove(flow);
    this.#flows.delete(flow.key);
  }
}

function isBefore(a: Flow, b: Flow): boolean {
  if (a.start !== b.start) {
    return a.start < b.start;
  }
  return a.rank === b.rank ? a.order < b.order : a.rank < b.rank;
}
