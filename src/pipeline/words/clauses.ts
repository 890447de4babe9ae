/** The grammar of a prompt: which words are about which thing, before it is known which thing that is. */

import { feelingLength, joinFeelings } from './feelings.js';
import { CARRIERS, COLOURS, MEASURES, NUMBERS, OPENERS, RELATIONS, SHADES, WORN_WORDS } from './lexicon.js';
import type { ColourName, Relation } from './scene.js';
import { plainText, spaced } from './text.js';
import { splitUnspaced, splitUnspacedDescription } from './unspaced.js';

/** Words between two relations. */
export interface Clause {
  /** How it follows the clause before it. */
  readonly relation: Relation | 'with';
  /** The word of that relation, so that a name that holds it can be put together again. */
  readonly joint: string;
  readonly words: readonly string[];
}

const LONGEST_RELATION = 5;
const LONGEST_OPENER = 4;
/** Relations only where something follows that can be worn. */
const SOMETIMES_WORN = new Set(['in', 'de', 'à']);
/** "un'ape", "l'arbre" */
const ELIDED = /^(?:l|d|un|all|dell|nell|sull)'(?=\p{L})/u;
/** What ends a clause whatever the words say. */
export const CLAUSE_ENDS = /[,;、，.!?"()[\]{}:]+/u;
/** Splits words at relations. Commas and plus signs count as "and". Never empty unless `text` has no words. */
export function clausesOf(text: string): readonly Clause[] {
  const clauses: { relation: Relation | 'with'; joint: string; words: string[] }[] = [
    { relation: 'beside', joint: '', words: [] },
  ];
  const plain = plainText(text).replaceAll('’', "'").replaceAll(' side by side', ' ');
  for (const part of withoutOpener(plain).split(CLAUSE_ENDS)) {
    if (clauses.at(-1)?.words.length) {
      clauses.push({ relation: 'beside', joint: ',', words: [] });
    }
    const words = spaced(part);
    for (let at = 0; at < words.length; ) {
      const found = feelingLength(words, at) > 1 ? undefined : relationAt(words, at);
      const current = clauses.at(-1);
      if (found !== undefined && current !== undefined && at + found.length < words.length) {
        if (current.words.length > 0) {
          clauses.push({ relation: found.relation, joint: found.joint, words: [] });
        }
        at += found.length;
      } else {
        const length = feelingLength(words, at) || 1;
        current?.words.push(...words.slice(at, at + length));
        at += length;
      }
    }
  }
  return joinColours(clauses.filter(({ words }) => words.length > 0)).flatMap(splitUnspaced);
}

/** "can you draw a tree" → "draw a tree" */
function withoutOpener(text: string): string {
  const words = spaced(text);
  for (let length = Math.min(LONGEST_OPENER, words.length - 1); length > 0; length--) {
    if (OPENERS.has(words.slice(0, length).join(' '))) {
      return words.slice(length).join(' ');
    }
  }
  return text;
}

function relationAt(
  words: readonly string[],
  at: number,
): { relation: Relation | 'with'; joint: string; length: number } | undefined {
  for (let length = Math.min(LONGEST_RELATION, words.length - at); length > 0; length--) {
    const joint = words.slice(at, at + length).join(' ');
    const relation = RELATIONS.get(joint);
    const isMeant = !SOMETIMES_WORN.has(joint) || words.slice(at + 1, at + 3).some((word) => WORN_WORDS.has(word));
    if (relation !== undefined && isMeant) {
      return { relation, joint, length };
    }
  }
  return undefined;
}

/** "black and white cat" is one cat: colours that nothing follows belong to the next thing that begins with one. */
function joinColours(clauses: readonly Clause[]): readonly Clause[] {
  const joined: Clause[] = [];
  for (const clause of clauses) {
    const before = joined.at(-1);
    const colours = before?.words.filter((word) => !CARRIERS.has(word)) ?? [];
    const isOne =
      colours.length > 0 &&
      colours.every((word) => COLOURS.has(word)) &&
      clause.relation === 'beside' &&
      clause.joint !== ',' &&
      clause.words.length > 1 &&
      COLOURS.has(clause.words[0] ?? '');
    if (before !== undefined && isOne) {
      joined.splice(-1, 1, { ...before, words: [...before.words, ...clause.words] });
    } else {
      joined.push(clause);
    }
  }
  return joined;
}

/** What a clause says besides naming its thing. */
export interface Described {
  readonly count: number;
  readonly colour: ColourName | undefined;
  /** The words without numbers and carriers, colours left in. */
  readonly withColour: readonly string[];
  /** And without colours. */
  readonly bare: readonly string[];
}

/** Takes numbers, colours and small words off. Where nothing else is left, a colour is the thing ("orange"). */
export function describe(words: readonly string[]): Described {
  const rest = words.flatMap(splitUnspacedDescription);
  let count = 1;
  const kept: string[] = [];
  for (const [index, word] of rest.entries()) {
    const number = /^\d{1,4}$/.test(word) ? Math.min(Math.max(1, Number(word)), 6) : NUMBERS.get(word);
    // "One hundred" at the end of a phrase is what is asked for; before something else it counts it.
    if (number !== undefined && index < rest.length - 1) {
      count = number;
    } else if (!(CARRIERS.has(word) || MEASURES.has(word) || isShade(rest, index)) || rest.length === 1) {
      kept.push(word.replace(ELIDED, ''));
    }
  }
  if (kept.length === 0) {
    kept.push(...rest.slice(-1));
  }
  const said = joinFeelings(kept);
  const colours = said.filter((word) => COLOURS.has(word));
  const bare = said.filter((word) => !COLOURS.has(word));
  // "Orange" alone is a thing, and so is the rose of "a pink rose".
  if (bare.length === 0) {
    return {
      count,
      colour: said.length > 1 ? COLOURS.get(said[0] ?? '') : undefined,
      withColour: said,
      bare: said.slice(-1),
    };
  }
  // What is black and white has no one colour.
  const names = new Set(colours.map((word) => COLOURS.get(word)));
  return { count, colour: names.size === 1 ? [...names][0] : undefined, withColour: said, bare };
}

/** "dark" in "dark blue" */
function isShade(words: readonly string[], at: number): boolean {
  return SHADES.has(words[at] ?? '') && COLOURS.has(words[at + 1] ?? '');
}
