/** Things by their English names, and the words that English phrases are made of. */

import type { MemoryThing } from '../memory/memory.js';
import { append } from './multi-map.js';
import { singularsOf, wordsOf } from './text.js';

/** British English is English. */
export function isEnglish(language: string): boolean {
  return language === 'en' || language.startsWith('en-');
}

export class EnglishNames {
  readonly #names = new Map<string, number[]>();
  readonly #words = new Set<string>();

  constructor(things: readonly MemoryThing[]) {
    for (const [thing, { phrases }] of things.entries()) {
      for (const [language, all] of Object.entries(phrases)) {
        if (!isEnglish(language)) {
          continue;
        }
        const name = wordsOf(all[0] ?? '').join(' ');
        // British and American names are mostly the same.
        if (!this.#names.get(name)?.includes(thing)) {
          append(this.#names, name, thing);
        }
        for (const phrase of all) {
          for (const word of wordsOf(phrase)) {
            this.#words.add(word);
          }
        }
      }
    }
  }

  /** Things whose name the words are, as they stand or in the singular. */
  named(words: readonly string[]): readonly number[] {
    const last = words.at(-1) ?? '';
    const before = words.slice(0, -1);
    for (const ending of [last, ...singularsOf(last)]) {
      const found = this.#names.get([...before, ending].join(' '));
      if (found !== undefined) {
        return found;
      }
    }
    return [];
  }

  /** Whether every word occurs in some English phrase. */
  knows(words: readonly string[]): boolean {
    return words.every((word) => [word, ...singularsOf(word)].some((form) => this.#words.has(form)));
  }
}
