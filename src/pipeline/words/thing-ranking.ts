/** English phrases → things, by the likeness of sentence vectors. */

import type { MemoryThing } from '../memory/memory.js';
import type { PhraseVectors } from './phrase-vectors.js';

/** Above this a phrase and a label are the same but for spelling. */
const SAME = 0.97;
const SAME_BONUS = 0.2;
/** Well-known things have more pictures. */
const FAME = 0.03;
const TIE = 0.02;
const MAX_TIES = 6;

export interface Ranked {
  /** Best first; several only where they are as good. */
  readonly things: readonly number[];
  readonly score: number;
}

export class ThingRanking {
  /** First row of each thing's phrases; the label, then the others (docs/bundle-format.md). */
  readonly #starts: readonly number[];
  readonly #things: readonly MemoryThing[];
  readonly #vectors: PhraseVectors;

  constructor(things: readonly MemoryThing[], vectors: PhraseVectors) {
    this.#things = things;
    this.#vectors = vectors;
    const starts = [0];
    for (const { phrases } of things) {
      starts.push((starts.at(-1) ?? 0) + Math.max(1, 2 * (phrases.en?.length ?? 1) - 1));
    }
    this.#starts = starts;
  }

  /** Rows that the things' English phrases take up: what the vectors must have. */
  get rowCount(): number {
    return this.#starts.at(-1) ?? 0;
  }

  /**
   * Half by the label and half by the best of the other phrases: a keyword alone ("coffee" of a beverage) should not go
   * before a thing that is called so, nor a look-alike label before one that is known for it.
   */
  rank(query: Float32Array): Ranked {
    const similarities = this.#vectors.similarities(query);
    const scores = this.#things.map(({ pictures }, thing) => {
      const start = this.#starts[thing] ?? 0;
      const end = this.#starts[thing + 1] ?? start + 1;
      const label = similarities[start] ?? 0;
      let other = end - start > 1 ? -1 : label;
      for (let row = start + 1; row < end; row++) {
        other = Math.max(other, similarities[row] as number);
      }
      return 0.5 * label + 0.5 * other + (label > SAME ? SAME_BONUS : 0) + FAME * Math.log(pictures.length);
    });
    const score = Math.max(...scores);
    const things = scores
      .map((value, thing) => ({ value, thing }))
      .filter(({ value }) => value > score - TIE)
      .sort((a, b) => b.value - a.value || a.thing - b.thing)
      .slice(0, MAX_TIES)
      .map(({ thing }) => thing);
    return { things, score };
  }
}
