/**
 * Who goes first among members whose turns are due at the same moment: servers take turns, in proportion to their
 * weights, so that a server with two hundred members in a round does not put one with a single member at its end.
 * Start-time fair queueing once more, with the server's tag as the rank of its member's next turn.
 */
export class ServerTurns {
  readonly #next = new Map<string, number>();
  #virtualTime = 0;

  /** The rank of one more turn of a member of this server; smaller goes first. */
  draw(serverKey: string, weight: number): number {
    const rank = Math.max(this.#next.get(serverKey) ?? 0, this.#virtualTime);
    this.#next.set(serverKey, rank + 1 / weight);
    return rank;
  }

  /** A turn of this rank was taken: whoever comes now starts here at the earliest. */
  taken(rank: number): void {
    this.#virtualTime = Math.max(this.#virtualTime, rank);
  }

  forget(serverKey: string): void {
    if ((this.#next.get(serverKey) ?? 0) <= this.#virtualTime) {
      this.#next.delete(serverKey);
    }
  }

  copy(): ServerTurns {
    const copy = new ServerTurns();
    copy.#virtualTime = this.#virtualTime;
    for (const [key, rank] of this.#next) {
      copy.#next.set(key, rank);
    }
    return copy;
  }
}
