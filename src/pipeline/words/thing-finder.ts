/** The thing that a clause is about: by name in any language, else by meaning. */

import type { MemoryThing } from '../memory/memory.js';
import { type Clause, type Described, describe } from './clauses.js';
import { Dictionary } from './dictionary.js';
import { markedThing } from './emoji.js';
import { EnglishNames } from './english-names.js';
import { EVERYDAY } from './everyday.js';
import { FACE_WORDS, FEELINGS, withoutFeelings } from './feelings.js';
import { headOf, headWords, wholeOf } from './heads.js';
import { ARTICLES, ENGLISH_RELATIONS } from './lexicon.js';
import type { PhraseVectors } from './phrase-vectors.js';
import { isUnspaced, singularsOf, wordsOf } from './text.js';
import { type Ranked, ThingRanking } from './thing-ranking.js';

export interface ThingFinderOptions {
  readonly things: readonly MemoryThing[];
  /** Sentence vectors of the things' English phrases, in the order of docs/bundle-format.md. */
  readonly vectors: PhraseVectors;
  /** Unit sentence vectors, one a text. */
  readonly encode: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
}

/** What a clause turned out to be about. */
export interface Finding {
  /** Best first; several only where they are as good, none where nothing was understood. */
  readonly things: readonly number[];
  /** What comes nearest where nothing was understood, unless even that is far away. */
  readonly guess?: readonly number[];
  /** Their name holds the colour already: "red apple". */
  readonly isWhole: boolean;
  /** The words as they stand are the name: a number in it counts nothing ("four leaf clover"). */
  readonly isName?: boolean;
}

/** What a phrase's last words are the name of. */
interface Head {
  readonly things: readonly number[];
  readonly word: string;
  readonly isEveryday: boolean;
}

/** Below this a phrase is like nothing that is remembered; chosen on nonsense and on everyday nouns. */
const UNDERSTOOD = 0.62;
/** From here on the nearest thing is a better start than none: "good night" and a starry night. */
const GUESSED = 0.5;
/** Share of a foreign phrase's words that the dictionary must account for. */
const COVERED = 0.5;
/** The same where an article tells that the words are foreign. */
const COVERED_SURELY_FOREIGN = 0.3;
const COLOURED_NAME = 0.88;
/** A word that is found in another language as it stands, though others are not. */
const SURE = 0.75;
/** A name of which no word is missing. */
const FULL_NAME = 0.97;
/** From here on a phrase is the thing that it is most like, whatever its last word names. */
const PLAINLY_ALIKE = 0.9;
/** And from here on if it is about the same: "bowling ball". */
const ALIKE = 0.8;
/** Pictures of what is no odd icon of one set. */
const WELL_KNOWN = 3;
/** What the head alone may say of a phrase that is understood as a whole. */
const HEAD_WEIGHT = 0.6;
/** Phrases of one prompt that are compared by meaning. */
const MAX_COMPARED = 4;
/** Of a phrase that is a label to the letter. */
const BEST_SCORE = 1.3;

export class ThingFinder {
  readonly #english: EnglishNames;
  #foreign: Dictionary | undefined;
  readonly #ranking: ThingRanking;
  readonly #options: ThingFinderOptions;

  constructor(options: ThingFinderOptions) {
    this.#options = options;
    this.#english = new EnglishNames(options.things);
    this.#ranking = new ThingRanking(options.things, options.vectors);
  }

  /** Whether the words, with all that stands between them, are the name of one thing in some language. */
  isName(words: readonly string[]): boolean {
    const name = describeName(words);
    if (this.#english.named(name).length > 0 || EVERYDAY.has(name.join(' '))) {
      return true;
    }
    // What stands between words that run into each other was never written.
    if (isUnspaced(name.join(' '))) {
      return false;
    }
    return !this.#english.knows(name) && this.#dictionary().lookUp(name.join(' ')).score > FULL_NAME;
  }

  /** One finding a clause; what no dictionary has is compared by meaning, all in one batch. */
  async find(clauses: readonly Clause[]): Promise<readonly (Finding & { readonly described: Described })[]> {
    const isForeign = clauses.some(isSurelyForeign);
    const open = clauses.map((clause) => {
      const described = describe(clause.words);
      return { described, known: this.#lookUp(clause, described, isForeign) };
    });
    const compared = open.filter(({ known }) => known === undefined).slice(0, MAX_COMPARED);
    const wholes = compared.map(({ described }) => wholeOf(described));
    // Comparing takes time: heads only as far as there is room, and none that is a name by itself.
    const heads = compared.flatMap(({ described }) => (this.#namedHead(described) ? [] : (headOf(described) ?? [])));
    const phrases = [...new Set([...wholes, ...heads.slice(0, MAX_COMPARED - wholes.length)])];
    const vectors = await this.#options.encode(phrases);
    const meanings = new Map(phrases.map((phrase, i) => [phrase, vectors[i] ?? new Float32Array()]));
    return open.map(({ described, known }) => ({ ...(known ?? this.#byMeaning(described, meanings)), described }));
  }

  /** Made when the first foreign words come: it takes half a second, and many communities never need it. */
  #dictionary(): Dictionary {
    this.#foreign ??= new Dictionary(this.#options.things);
    return this.#foreign;
  }

  /** By name, undefined where no dictionary has it. */
  #lookUp(clause: Clause, described: Described, isPromptForeign: boolean): Finding | undefined {
    const { withColour, bare, count } = described;
    const marked = withColour.map(markedThing).find((thing) => thing !== undefined);
    if (marked !== undefined) {
      return { things: [marked], isWhole: false };
    }
    const isForeign = isPromptForeign || clause.words.some((word) => ARTICLES.has(word));
    if (!isForeign) {
      const whole = this.#english.named(describeName(clause.words));
      if (whole.length > 0) {
        return { things: whole, isWhole: true, isName: true };
      }
      const coloured = this.#english.named(withoutFeelings(withColour));
      if (coloured.length > 0) {
        return { things: coloured, isWhole: true };
      }
    }
    const isEnglish = !isForeign && this.#english.knows(withColour);
    // A name that holds the colour says more than one that does not: "blaues Herz" is no red heart in blue.
    const inDictionary = (words: readonly string[]) => this.#dictionary().lookUp(words.join(' '), count > 1);
    const coloured = isEnglish ? undefined : inDictionary(withColour);
    if (coloured !== undefined && withColour.length > bare.length && coloured.score > COLOURED_NAME) {
      return { things: coloured.things, isWhole: true };
    }
    // "泣いている猫" is a crying cat, as there is one.
    if (coloured !== undefined && withoutFeelings(bare).length < bare.length && coloured.score > FULL_NAME) {
      return { things: coloured.things, isWhole: true };
    }
    const face = faceOf(bare);
    if (face !== undefined) {
      return { things: this.#english.named(wordsOf(face)), isWhole: false };
    }
    const felt = withoutFeelings(bare);
    const everyday = [bare, felt, describeName(clause.words)].map((words) => this.#everyday(words));
    const meant = everyday.find((things) => things.length > 0);
    if (meant !== undefined) {
      return this.#withColourOf(described, meant);
    }
    const named = isForeign ? [] : this.#named(felt);
    if (named.length > 0) {
      return { things: named, isWhole: false };
    }
    if (coloured === undefined) {
      return undefined;
    }
    const covered = isForeign ? COVERED_SURELY_FOREIGN : COVERED;
    const found = inDictionary(felt);
    // An English adjective that is in no phrase must not make "rubber duck" a ghost, which is "duch" in Polish.
    if (!isForeign && found.score < SURE && this.#namedHead(described) !== undefined) {
      return undefined;
    }
    if (found.score >= covered) {
      return this.#withColourOf(described, found.things);
    }
    if (coloured.score >= covered) {
      return { things: coloured.things, isWhole: true };
    }
    const last = this.#english.named(bare);
    return last.length > 0 ? { things: last, isWhole: false } : undefined;
  }

  /** By an English name, also one that is written apart: "sun flower". */
  #named(words: readonly string[]): readonly number[] {
    const found = this.#english.named(words);
    if (found.length > 0 || words.length !== 2) {
      return found;
    }
    const together = this.#english.named([words.join('')]);
    return this.#isWellKnown(together) ? together : [];
  }

  #everyday(words: readonly string[]): readonly number[] {
    const names = EVERYDAY.get(words.join(' '))?.split('|') ?? [];
    return names.flatMap((name) => this.#english.named(wordsOf(name)));
  }

  #isWellKnown(things: readonly number[]): boolean {
    return things.some((thing) => (this.#options.things[thing]?.pictures.length ?? 0) >= WELL_KNOWN);
  }

  /** The well-known things that a phrase's last words are called. */
  #namedHead(described: Described): Head | undefined {
    const words = headWords(described);
    for (let start = words.length === described.bare.length ? 1 : 0; start < words.length; start++) {
      const head = words.slice(start);
      const everyday = this.#everyday(head);
      const things = everyday.length > 0 ? everyday : this.#english.named(head);
      if (this.#isWellKnown(things)) {
        return { things, word: head.at(-1) ?? '', isEveryday: everyday.length > 0 };
      }
    }
    return undefined;
  }

  /** Whether the whole phrase says more than its head: "race car" does, but "steaming pizza" is no steaming bowl. */
  #isMeant({ things, score }: Ranked, head: Head): boolean {
    if (score > PLAINLY_ALIKE) {
      return true;
    }
    // Where the head's own thing is as good as others, it is that.
    if (things.includes(head.things[0] ?? -1)) {
      return false;
    }
    return score > (head.isEveryday ? ALIKE : UNDERSTOOD) && this.#isAbout(things[0] ?? -1, head.word);
  }

  #isAbout(thing: number, word: string): boolean {
    const words = (this.#options.things[thing]?.phrases.en ?? []).flatMap(wordsOf);
    return [word, ...singularsOf(word)].some((form) => words.includes(form));
  }

  /** Of things that are as good, those that have the colour by name: "rote Äpfel" are red apples and not green ones. */
  #withColourOf({ colour }: Described, things: readonly number[]): Finding {
    const named = things.filter(
      (thing) => colour !== undefined && wordsOf(this.#options.things[thing]?.label ?? '').includes(colour),
    );
    return named.length > 0 ? { things: named, isWhole: true } : { things, isWhole: false };
  }

  #byMeaning(described: Described, meanings: ReadonlyMap<string, Float32Array>): Finding {
    const whole = this.#rank(meanings.get(wholeOf(described)));
    const named = this.#namedHead(described);
    if (named !== undefined && !this.#isMeant(whole, named)) {
      return this.#withColourOf(described, named.things);
    }
    const best = named === undefined ? this.#orHead(whole, meanings.get(headOf(described) ?? '')) : whole;
    if (best.score < GUESSED) {
      return { things: [], isWhole: false };
    }
    if (best.score < UNDERSTOOD) {
      return { things: [], guess: best.things.slice(0, 1), isWhole: false };
    }
    const name = this.#options.things[best.things[0] ?? -1]?.label ?? '';
    const hasColour = described.colour !== undefined && wordsOf(name).includes(described.colour);
    return { things: best.things, isWhole: hasColour };
  }

  /** The head, where it says more; one that could not win is not ranked. */
  #orHead(whole: Ranked, head: Float32Array | undefined): Ranked {
    if (head === undefined || whole.score > HEAD_WEIGHT * BEST_SCORE) {
      return whole;
    }
    const { things, score } = this.#rank(head);
    return HEAD_WEIGHT * score > whole.score ? { things, score: HEAD_WEIGHT * score } : whole;
  }

  /** Nothing where the phrase was not compared. */
  #rank(meaning: Float32Array | undefined): Ranked {
    return meaning === undefined ? { things: [], score: 0 } : this.#ranking.rank(meaning);
  }
}

/** What a name is compared by: no articles, no carriers, everything else as it stands. */
function describeName(words: readonly string[]): readonly string[] {
  return wordsOf(words.join(' ').replace(/^(an?|the) /, ''));
}

/** The face emoji of words that are nothing but a feeling and a face: "a winking smiley". */
function faceOf(bare: readonly string[]): string | undefined {
  if (!bare.every((word) => FEELINGS.has(word) || FACE_WORDS.has(word))) {
    return undefined;
  }
  const feeling = bare.findLast((word) => FEELINGS.has(word));
  return feeling === undefined || bare.length < 2 ? undefined : FEELINGS.get(feeling);
}

/** An article in front, or a relation, that English has not. One letter alone tells nothing. */
function isSurelyForeign({ words, joint }: Clause): boolean {
  const isWord = joint.length > 1 && !isUnspaced(joint);
  const first = words[0] ?? '';
  return ARTICLES.has(first) || first.startsWith("un'") || (isWord && !ENGLISH_RELATIONS.has(joint));
}
