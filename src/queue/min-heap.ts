/** A binary heap that also removes from the middle: push and remove take O(log n). */
export class MinHeap<T> {
  readonly #items: T[] = [];
  readonly #indices = new Map<T, number>();
  readonly #isBefore: (left: T, right: T) => boolean;

  /** @param isBefore a strict order; what it compares must not change while an item is in the heap. */
  constructor(isBefore: (left: T, right: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  has(item: T): boolean {
    return this.#indices.has(item);
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
    const index = this.#indices.get(item);
    const last = index === undefined ? undefined : this.#items.pop();
    if (index === undefined || last === undefined) {
      return false;
    }
    this.#indices.delete(item);
    if (last !== item) {
      this.#rise(last, index);
      this.#sink(last, this.#indices.get(last) ?? index);
    }
    return true;
  }

  #put(item: T, index: number): void {
    this.#items[index] = item;
    this.#indices.set(item, index);
  }

  #rise(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#isBefore(item, parent)) {
        break;
      }
      this.#put(parent, index);
      index = above;
    }
    this.#put(item, index);
  }

  #sink(item: T, from: number): void {
    let index = from;
    for (;;) {
      const left = index * 2 + 1;
      const leftItem = this.#items[left];
      const rightItem = this.#items[left + 1];
      if (leftItem === undefined) {
        break;
      }
      const isRight = rightItem !== undefined && this.#isBefore(rightItem, leftItem);
      const child = isRight ? rightItem : leftItem;
      if (!this.#isBefore(child, item)) {
        break;
      }
      this.#put(child, index);
      index = isRight ? left + 1 : left;
    }
    this.#put(item, index);
  }
}
