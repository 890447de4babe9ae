/** Words as they are compared → as the member wrote them. */

import { CLAUSE_ENDS } from './clauses.js';
import { type MarkedText, markedThing } from './emoji.js';
import { append } from './multi-map.js';
import { plainWord, wordsAsTyped } from './text.js';

export class Wording {
  /** A word as it is compared → the ways it was typed, in turn. */
  readonly #typed = new Map<string, string[]>();

  readonly #marked: MarkedText;

  constructor(marked: MarkedText) {
    this.#marked = marked;
    for (const word of marked.text.split(CLAUSE_ENDS).flatMap(wordsAsTyped)) {
      append(this.#typed, plainWord(word), word);
    }
  }

  /** The member's own spelling. Clauses are asked for from left to right: "Cat and cat" is told apart by that. */
  of(words: readonly string[]): string {
    return words.map((word) => this.#marked.written.get(markedThing(word) ?? -1) ?? this.#next(word)).join(' ');
  }

  /** Words that were cut out of others, as in Japanese, have no case: they stand as they are. */
  #next(word: string): string {
    const ways = this.#typed.get(word) ?? [];
    return (ways.length > 1 ? ways.shift() : ways[0]) ?? word;
  }
}
