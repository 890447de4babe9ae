/** Things by their names and keywords in every language of the memory but English. */

import type { MemoryThing } from '../memory/memory.js';
import { isEnglish } from './english-names.js';
import { append } from './multi-map.js';
import { asHiragana, isUnspaced, plainText, splitPlain, withoutAccents, wordsOf } from './text.js';

/** One name or keyword of a thing. */
interface Entry {
  readonly thing: number;
  readonly language: string;
  readonly isName: boolean;
  /** How many words it has. */
  readonly length: number;
}

export interface Found {
  /** Best first; several only where they are as good. */
  readonly things: readonly number[];
  /** 0–1: how much of the phrase they account for. */
  readonly score: number;
}

interface Tally {
  readonly thing: number;
  weight: number;
  /** Words that are in a name of the thing. */
  matched: number;
  length: number;
}

const NOTHING: Found = { things: [], score: 0 };
/** Words of at least this length may differ in their endings. */
const STEM_LETTERS = 4;
const STEM_SHARE = 0.7;
const MAX_TIES = 6;
/** "lion" in French is first of all the animal, and then a sign of the zodiac. */
const SIGN_PENALTY = 0.45;
const SIGN = /^[\u2648-\u2653]/u;
const CASE_ENDING = /^\p{Script=Cyrillic}{3}[аеуыяюи]$/u;
/** Small ones in Dutch: "hondje" is a "hond". */
const DIMINUTIVE = /(?<=\p{L}{3})(?:[tp]?je|[tp]?jes)$/u;
/** A keyword says less of a thing than its name, and another ending less than the same. */
const KEYWORD_WEIGHT = 0.75;
const ENDING_WEIGHT = 0.92;
/** What a name counts for of which other words are missing. */
const PART_OF_NAME = 0.85;
/** Rarity of a word that is in no phrase. */
const UNKNOWN_RARITY = 4;

export class Dictionary {
  /** Whole phrases of the languages without spaces. */
  readonly #phrases = new Map<string, Entry[]>();
  /** Single words of those phrases. */
  readonly #words = new Map<string, Entry[]>();
  /** First letters → words, for endings. */
  readonly #stems = new Map<string, string[]>();
  readonly #longestUnspaced: number;
  readonly #things: readonly MemoryThing[];

  constructor(things: readonly MemoryThing[]) {
    this.#things = things;
    let longest = 0;
    for (const [thing, { phrases }] of things.entries()) {
      for (const [language, [name, ...keywords]] of Object.entries(phrases)) {
        if (name === undefined || isEnglish(language)) {
          continue;
        }
        for (const [at, phrase] of [name, ...keywords].entries()) {
          this.#add(phrase, thing, language, at === 0);
          if (isUnspaced(phrase)) {
            longest = Math.max(longest, phrase.length);
          }
        }
      }
    }
    this.#longestUnspaced = longest;
    for (const word of this.#words.keys()) {
      if (word.length >= STEM_LETTERS) {
        append(this.#stems, word.slice(0, STEM_LETTERS - 1), word);
      }
    }
  }

  /** The things that a phrase in another language than English names; `isPlural`: several of them are asked for. */
  lookUp(phrase: string, isPlural = false): Found {
    const text = plainText(phrase);
    if (isUnspaced(text)) {
      return this.#lookInside(asHiragana(text.replaceAll(' ', '')));
    }
    return this.#byWords(wordsOf(text), isPlural);
  }

  #add(phrase: string, thing: number, language: string, isName: boolean): void {
    const text = plainText(phrase);
    const words = splitPlain(text);
    const entry = { thing, language, isName, length: words.length };
    if (isUnspaced(text)) {
      append(this.#phrases, asHiragana(text.replaceAll(' ', '')), entry);
      return;
    }
    for (const word of words) {
      append(this.#words, word, entry);
      const plain = withoutAccents(word);
      if (plain !== word) {
        append(this.#words, plain, entry);
      }
    }
  }

  /** Languages without spaces: the longest names that occur anywhere, from the left. */
  #lookInside(text: string): Found {
    const scores = new Map<Entry, number>();
    let covered = 0;
    for (let at = 0; at < text.length; ) {
      const found = this.#longestAt(text, at);
      if (found === undefined) {
        at++;
        continue;
      }
      // The last thing named is what it is about: what stands before it only describes it.
      for (const entry of found.entries) {
        scores.set(entry, weightOf(entry) * found.length + at / text.length);
      }
      covered += found.length;
      at += found.length;
    }
    return this.#best(scores, covered / text.length);
  }

  #longestAt(text: string, at: number): { entries: readonly Entry[]; length: number } | undefined {
    for (let length = Math.min(this.#longestUnspaced, text.length - at); length > 0; length--) {
      const entries = this.#phrases.get(text.slice(at, at + length));
      if (entries !== undefined) {
        return { entries, length };
      }
    }
    return undefined;
  }

  /**
   * Each word counts by how few things it stands for, and only words of one language count together. A name says all
   * where every word of it is there.
   */
  #byWords(words: readonly string[], isPlural: boolean): Found {
    const tallies = new Map<string, Tally>();
    let total = 0;
    for (const word of words) {
      const matches = this.#matchesOf(word, isPlural);
      const things = new Set(matches.map(({ entry }) => entry.thing));
      const rarity = things.size === 0 ? UNKNOWN_RARITY : Math.log(1 + this.#things.length / things.size);
      total += rarity;
      const best = new Map<string, { weight: number; entry: Entry }>();
      for (const { entry, weight } of matches) {
        const key = `${entry.language} ${entry.thing}`;
        if (weight > (best.get(key)?.weight ?? 0)) {
          best.set(key, { weight, entry });
        }
      }
      for (const [key, { weight, entry }] of best) {
        const tally = tallies.get(key) ?? { thing: entry.thing, weight: 0, matched: 0, length: entry.length };
        tally.weight += rarity * weight;
        tally.matched += entry.isName ? 1 : 0;
        tally.length = Math.min(tally.length, entry.length);
        tallies.set(key, tally);
      }
    }
    if (total === 0) {
      return NOTHING;
    }
    const scores = new Map<number, number>();
    for (const { thing, weight, matched, length } of tallies.values()) {
      const score = (weight / total) * (matched >= length ? 1 : PART_OF_NAME);
      scores.set(thing, Math.max(scores.get(thing) ?? 0, score));
    }
    return { things: this.#leading(scores), score: Math.min(1, Math.max(0, ...scores.values())) };
  }

  /** The word itself and, from its stem on, with other endings. */
  #matchesOf(word: string, isPlural: boolean): readonly { entry: Entry; weight: number }[] {
    const forms = new Set([word, withoutAccents(word), word.replace(DIMINUTIVE, '')]);
    let exact = [...forms].flatMap((form) => this.#words.get(form) ?? []);
    // A noun of three letters with an ending is too short for a stem: "сыра" is of "сыр".
    if (exact.length === 0 && CASE_ENDING.test(word)) {
      exact = this.#words.get(word.slice(0, -1)) ?? [];
    }
    const alike = (this.#stems.get(word.slice(0, STEM_LETTERS - 1)) ?? []).filter(
      // Words of four letters are too short to guess at where one is found as it stands: "käse" is no "käsi".
      (other) => !forms.has(other) && shareStem(word, other) && (exact.length === 0 || word.length > STEM_LETTERS),
    );
    // Several of a thing are asked for in the plural, names are in the singular.
    const ending = isPlural ? 1 : ENDING_WEIGHT;
    const same = isPlural ? ENDING_WEIGHT : 1;
    return [
      ...exact.map((entry) => ({ entry, weight: same * weightOf(entry) })),
      ...alike.flatMap((other) => {
        const alikeness = ending * (0.5 + (0.5 * sharedPrefix(word, other)) / Math.min(word.length, other.length));
        return (this.#words.get(other) ?? []).map((entry) => ({ entry, weight: alikeness * weightOf(entry) }));
      }),
    ];
  }

  #best(scores: ReadonlyMap<Entry, number>, score: number): Found {
    const byThing = new Map<number, number>();
    for (const [{ thing }, weight] of scores) {
      byThing.set(thing, Math.max(byThing.get(thing) ?? 0, weight));
    }
    return byThing.size === 0 ? NOTHING : { things: this.#leading(byThing), score };
  }

  #fameOf(thing: MemoryThing | undefined): number {
    const isSign = SIGN.test(thing?.emoji ?? '');
    return 0.03 * Math.log(thing?.pictures.length ?? 1) - (isSign ? SIGN_PENALTY : 0);
  }

  /** The best things by score; the more pictures one has, the better known it is. */
  #leading(scores: ReadonlyMap<number, number>): readonly number[] {
    const fame = (thing: number) => this.#fameOf(this.#things[thing]);
    const ranked = [...scores].map(([thing, score]) => ({ thing, score: score + fame(thing) }));
    ranked.sort((a, b) => b.score - a.score || a.thing - b.thing);
    const [first] = ranked;
    if (first === undefined) {
      return [];
    }
    return ranked
      .filter(({ score }) => score > first.score - 0.02)
      .slice(0, MAX_TIES)
      .map(({ thing }) => thing);
  }
}

function weightOf({ isName }: Entry): number {
  return isName ? 1 : KEYWORD_WEIGHT;
}

function sharedPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) {
    length++;
  }
  return length;
}

/** "apfel" and "apfels", "mela" and "mele". */
function shareStem(a: string, b: string): boolean {
  const shared = sharedPrefix(a, b);
  const longer = Math.max(a.length, b.length);
  if (a.length < STEM_LETTERS) {
    return false;
  }
  return (
    (shared >= STEM_LETTERS && shared >= STEM_SHARE * longer) || (longer === STEM_LETTERS && shared === longer - 1)
  );
}
