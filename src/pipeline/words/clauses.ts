/** The grammar of a prompt: which words are about which thing, before it is known which thing that is. */

import { BACKGROUNDS, CARRIERS, COLOURS, NUMBERS, RELATIONS } from './lexicon.js';
import type { ColourName, Relation } from './scene.js';
import { isUnspaced, plainText } from './text.js';

/** Words between two relations. */
export interface Clause {
  /** How it follows the clause before it. */
  readonly relation: Relation | 'with';
  /** The word of that relation, so that a name that holds it can be put together again. */
  readonly joint: string;
  readonly words: readonly string[];
}

const LONGEST_RELATION = 5;
/** What ends a clause whatever the words say. */
export const CLAUSE_ENDS = /[,;、，.!?"()[\]{}:]+/u;
/** Numbers, colours and particles that run into the noun in Japanese, Chinese and Korean. */
const WORN_BEFORE = /^(?:(.+)を(?:かけた|かぶった|被った|つけた|着けた)|戴着?(.+?)的|(.+)[을를] ?쓴 ?)(.+)$/u;
const JOINED_AND = /[、]|と(?=.)|和|와 |과 /u;

/** Splits words at relations. Commas and plus signs count as "and". Never empty unless `text` has no words. */
export function clausesOf(text: string): readonly Clause[] {
  const clauses: { relation: Relation | 'with'; joint: string; words: string[] }[] = [
    { relation: 'beside', joint: '', words: [] },
  ];
  const plain = plainText(text).replaceAll('’', "'").replaceAll(' side by side', '');
  for (const part of plain.split(CLAUSE_ENDS)) {
    if (clauses.at(-1)?.words.length) clauses.push({ relation: 'beside', joint: ',', words: [] });
    const words = spaced(part);
    for (let at = 0; at < words.length; ) {
      const found = relationAt(words, at);
      const current = clauses.at(-1);
      if (found !== undefined && current !== undefined && at + found.length < words.length) {
        if (current.words.length > 0) clauses.push({ relation: found.relation, joint: found.joint, words: [] });
        at += found.length;
      } else current?.words.push(words[at++] as string);
    }
  }
  return clauses.filter(({ words }) => words.length > 0).flatMap(splitUnspaced);
}

function relationAt(
  words: readonly string[],
  at: number,
): { relation: Relation | 'with'; joint: string; length: number } | undefined {
  for (let length = Math.min(LONGEST_RELATION, words.length - at); length > 0; length--) {
    const joint = words.slice(at, at + length).join(' ');
    const relation = RELATIONS.get(joint);
    if (relation !== undefined) return { relation, joint, length };
  }
  return undefined;
}

/** "犬と猫" is two things although nothing separates the words; in "帽子をかぶった猫" the cat wears the hat. */
function splitUnspaced(clause: Clause): readonly Clause[] {
  const text = clause.words.join(' ');
  if (!isUnspaced(text)) return [clause];
  const worn = WORN_BEFORE.exec(text);
  if (worn !== null) {
    const what = worn[1] ?? worn[2] ?? worn[3] ?? '';
    const who = worn[4] ?? '';
    return [
      { ...clause, words: spaced(who) },
      { relation: 'with', joint: '', words: spaced(what) },
    ];
  }
  const parts = text.split(JOINED_AND).filter((part) => part.trim() !== '');
  return parts.map((part, index) =>
    index === 0 ? { ...clause, words: spaced(part) } : { relation: 'beside', joint: '和', words: spaced(part) },
  );
}

function spaced(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
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
    if (number !== undefined && index < rest.length - 1) count = number;
    else if (!CARRIERS.has(word) || rest.length === 1) kept.push(word.replace(/^[ld]'/, ''));
  }
  const colours = kept.filter((word) => COLOURS.has(word));
  const bare = kept.filter((word) => !COLOURS.has(word));
  // "Orange" alone is a thing, and so is the rose of "a pink rose".
  if (bare.length === 0)
    return {
      count,
      colour: kept.length > 1 ? COLOURS.get(kept[0] ?? '') : undefined,
      withColour: kept,
      bare: kept.slice(-1),
    };
  return { count, colour: colours[0] === undefined ? undefined : COLOURS.get(colours[0]), withColour: kept, bare };
}

/** A colour behind everything, where a clause only says that. */
export function backgroundOf(words: readonly string[]): ColourName | undefined {
  const text = words.join('');
  const isBackground = words.some((word) => BACKGROUNDS.has(word)) || /背景|배경/.test(text);
  if (!isBackground) return undefined;
  for (const word of words.flatMap(splitUnspacedDescription)) {
    const colour = COLOURS.get(word);
    if (colour !== undefined) return colour;
  }
  return undefined;
}

const COUNTERS = /^(つの|つ|杯の|杯|個の|個|匹の|匹|本の|本|台の|台|人の|只|个|個|輛|辆|朵|颗|颗|张|마리|개|송이)/u;
const UNSPACED_DESCRIPTIONS = [...NUMBERS.keys(), ...COLOURS.keys()]
  .filter(isUnspaced)
  .sort((a, b) => b.length - a.length);

const COUNTED_BEHIND =
  /^(.+?)の?([一二三四五六两兩]|\d)(?:匹|個|つ|本|台|人|只|个)$|^(.+?)\s?([두세네]|\d)\s?(?:마리|개)$/u;

/** "三つの赤い車" → 三, 赤い, 車; "犬二匹" → 二, 犬 */
function splitUnspacedDescription(word: string): readonly string[] {
  if (!isUnspaced(word)) return [word];
  const behind = COUNTED_BEHIND.exec(word);
  if (behind !== null) return [behind[2] ?? behind[4] ?? '', ...splitUnspacedDescription(behind[1] ?? behind[3] ?? '')];
  const found: string[] = [];
  let rest = word;
  for (;;) {
    const start = UNSPACED_DESCRIPTIONS.find(
      (description) => rest.startsWith(description) && rest.length > description.length,
    );
    const digits = /^\d/.exec(rest)?.[0];
    const taken = digits ?? start;
    if (taken === undefined) break;
    const isNumber = digits !== undefined || NUMBERS.has(taken);
    const after = rest.slice(taken.length).replace(isNumber ? COUNTERS : /^の/u, '');
    if (after === '') break;
    found.push(taken);
    rest = after;
  }
  return [...found, rest];
}
