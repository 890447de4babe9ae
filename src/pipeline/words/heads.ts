/** Which words of a phrase say what it is about. */

import type { Described } from './clauses.js';
import { withoutFeelings } from './feelings.js';

/** Begin what is only said beside. */
const ASIDES = new Set('without from for to into through like'.split(' '));

/** A whole clause as it is compared by meaning: without its feeling or colour. */
export function wholeOf({ withColour, bare }: Described): string {
  const felt = withoutFeelings(bare);
  // What is happy, or green, is first of all what it is.
  const words = felt.length < bare.length ? felt : withColour.length > bare.length ? bare : withColour;
  return words.join(' ');
}

/** The word that a longer phrase is about: the last one, or what goes before a verb ("dragon breathing fire"). */
export function headOf(described: Described): string | undefined {
  const words = withoutFeelings(described.bare);
  if (words.length < 2) {
    return undefined;
  }
  const head = headWords(described);
  return head.length < words.length ? head.join(' ') : words.at(-1);
}

/** A phrase's words up to a verb or an aside. */
export function headWords({ bare }: Described): readonly string[] {
  const words = withoutFeelings(bare);
  const verb = words.findIndex(
    (word, index) => index > 0 && (ASIDES.has(word) || (word.length > 5 && word.endsWith('ing'))),
  );
  return verb > 0 ? words.slice(0, verb) : words;
}
