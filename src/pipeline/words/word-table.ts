/** Tables of words that are read off lines of text. */

import { plainWord } from './text.js';

/** `key` → words, separated by spaces, becomes word → key. */
export function tableOf<K>(rows: readonly (readonly [K, string])[]): ReadonlyMap<string, K> {
  const words = rows.flatMap(([key, line]) =>
    line
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word): [string, K] => [plainWord(word.replaceAll('_', ' ')), key]),
  );
  return new Map(words);
}
