/** A colour behind everything, and what a clause says besides. */

import type { Clause } from './clauses.js';
import { BACKGROUNDS, CARRIERS, COLOURS } from './lexicon.js';
import type { ColourName } from './scene.js';
import { isUnspaced } from './text.js';
import { splitUnspacedDescription, UNSPACED_BACKGROUND } from './unspaced.js';

export interface WithoutBackground {
  readonly colour: ColourName | undefined;
  /** Undefined where the clause said nothing else. */
  readonly clause: Clause | undefined;
}

/** What ties the background to what stands before it. */
const TIED = /^(?:上的|的|の|に|上|에|의)/u;

/** "fox blue background", "fondo azul", "青い背景の猫"; also "on blue". */
export function takeBackground(clause: Clause): WithoutBackground {
  const { words, relation } = clause;
  if (relation === 'above' && words.every((word) => COLOURS.has(word))) {
    return { colour: COLOURS.get(words[0] ?? ''), clause: undefined };
  }
  const at = words.findIndex((word) => BACKGROUNDS.has(word) || UNSPACED_BACKGROUND.test(word));
  if (at < 0) {
    return { colour: undefined, clause };
  }
  const word = words[at] ?? '';
  if (isUnspaced(word)) {
    return takeUnspaced(clause, at, word);
  }
  let start = at;
  let end = at + 1;
  while (isAboutBackground(words[start - 1])) {
    start--;
  }
  while (COLOURS.has(words[end] ?? '')) {
    end++;
  }
  const colour = colourIn(words.slice(start, end));
  // Without a colour there is nothing to paint behind.
  return { colour, clause: rest(clause, [...words.slice(0, start), ...words.slice(end)]) };
}

function takeUnspaced(clause: Clause, at: number, word: string): WithoutBackground {
  const [before = '', after = ''] = word.split(UNSPACED_BACKGROUND);
  const described = [...clause.words.slice(0, at), before.replace(/^在/u, '')].flatMap(splitUnspacedDescription);
  const others = described.filter((said) => said !== '' && !isAboutBackground(said));
  return {
    colour: colourIn(described),
    clause: rest(
      clause,
      [...others, after.replace(TIED, ''), ...clause.words.slice(at + 1)].filter((said) => said !== ''),
    ),
  };
}

function isAboutBackground(word: string | undefined): boolean {
  return word !== undefined && (COLOURS.has(word) || CARRIERS.has(word));
}

function colourIn(words: readonly string[]): ColourName | undefined {
  const word = words.find((said) => COLOURS.has(said));
  return word === undefined ? undefined : COLOURS.get(word);
}

function rest(clause: Clause, words: readonly string[]): Clause | undefined {
  return words.length === 0 ? undefined : { ...clause, words };
}
