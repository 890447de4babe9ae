/** Remembers the newest ids: a resumed gateway session delivers events again. */
export class RecentIds {
  readonly #ids = new Set<string>();
  readonly #limit: number;

  /** @param limit ids kept; the oldest is forgotten first. */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** True the first time. */
  add(id: string): boolean {
    if (this.#ids.has(id)) {
      return false;
    }
    this.#ids.add(id);
    if (this.#ids.size > this.#limit) {
      this.#ids.delete(this.#ids.values().next().value ?? id);
    }
    return true;
  }
}
