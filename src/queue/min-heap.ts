/** A binary heap that also removes from the middle: push and remove take O(log n). */
export class MinHeap<T> {
  readonly #items: T[] = [];
  readonly #places = new Map<T, number>();
  readonly #isBefore: (left: T, right: T) => boolean;

  /** @param isBefore a strict order; what it compares must not change while an item is in the heap. */
  constructor(isBefore: (left: T, right: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  has(item: T): boolean {
    return this.#places.has(item);
  }

  /** In no particular order. */
  values(): readonly T[] {
    return this.#items;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** False when it is not in the heap. */
  remove(item: T): boolean {
    const place = this.#places.get(item);
    const last = place === undefined ? undefined : this.#items.pop();
    if (place === undefined || last === undefined) return false;
    this.#places.delete(item);
    if (last !== item) {
      this.#rise(last, place);
      this.#sink(last, this.#places.get(last) ?? place);
    }
    return true;
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    this.#places.set(item, place);
  }

  #rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#isBefore(item, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const left = place * 2 + 1;
      const leftItem = this.#items[left];
      const rightItem = this.#items[left + 1];
      if (leftItem === undefined) break;
      const isRight = rightItem !== undefined && this.#isBefore(rightItem, leftItem);
      const child = isRight ? rightItem : leftItem;
      if (!this.#isBefore(child, item)) break;
      this.#put(child, place);
      place = isRight ? left + 1 : left;
    }
    this.#put(item, place);
  }
}
