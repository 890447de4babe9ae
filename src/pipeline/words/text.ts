/** Text as it is compared: lower case, one kind of space, words without punctuation. */

const SPACES = /[\p{Z}\p{Cc}\p{Cf}]+/gu;
/** Everything that is no letter, mark, number, hyphen or apostrophe inside a word. */
const PUNCTUATION = /[^\p{L}\p{M}\p{N}\p{Co}'’\- ]+/gu;
/** Scripts that write without spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;
const PLAIN_LATIN = /^[a-z'-]*$/;
const ACCENTS = /\p{M}+/gu;

/** Compatible forms made one, lower case, single spaces; "ё" is "е", as it is mostly typed. */
export function plainText(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll('ё', 'е').replace(SPACES, ' ').trim();
}

/** A word in the form that it is compared in. */
export function plainWord(word: string): string {
  return plainText(word).replaceAll('’', "'");
}

/** Text cut at spaces and at what cannot be seen, each word as it stands. */
export function wordsAsTyped(text: string): readonly string[] {
  return text.split(SPACES).filter((word) => word !== '');
}

/** The words of a phrase, without punctuation. */
export function wordsOf(text: string): readonly string[] {
  return splitPlain(plainText(text));
}

/** The words of a phrase that `plainText` has been over. */
export function splitPlain(plain: string): readonly string[] {
  return plain
    .replaceAll('’', "'")
    .replace(PUNCTUATION, ' ')
    .split(' ')
    .filter((word) => word !== '' && word !== '-');
}

/** The words of plain text, punctuation left in. */
export function spaced(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '');
}

/** Whether words run into each other here, so that they are found by looking inside. */
export function isUnspaced(text: string): boolean {
  return UNSPACED.test(text);
}

/** Katakana as hiragana: members write either, and the dictionaries have one of them. */
export function asHiragana(text: string): string {
  return text.replace(/[\u30A1-\u30F6]/gu, (letter) => String.fromCharCode(letter.charCodeAt(0) - 0x60));
}

/** "äpfel" → "apfel": for those who type without accents. Scripts whose marks are letters stay as they are. */
export function withoutAccents(word: string): string {
  if (PLAIN_LATIN.test(word)) {
    return word;
  }
  return /^[\p{Script=Latin}\p{M}]+$/u.test(word) ? word.normalize('NFD').replace(ACCENTS, '') : word;
}

const IRREGULAR: Readonly<Record<string, string>> = {
  wolves: 'wolf',
  knives: 'knife',
  leaves: 'leaf',
  loaves: 'loaf',
  mice: 'mouse',
  geese: 'goose',
  feet: 'foot',
  teeth: 'tooth',
  men: 'man',
  women: 'woman',
  children: 'child',
  people: 'person',
  dice: 'die',
};

/** Singulars that an English plural may come from, the likeliest first; none where it looks like none. */
export function singularsOf(word: string): readonly string[] {
  const irregular = IRREGULAR[word];
  if (irregular !== undefined) {
    return [irregular];
  }
  if (word.length < 4 || !word.endsWith('s') || word.endsWith('ss')) {
    return [];
  }
  if (word.endsWith('ies')) {
    return [`${word.slice(0, -3)}y`, word.slice(0, -1)];
  }
  if (/(s|x|z|ch|sh|o)es$/.test(word)) {
    return [word.slice(0, -2), word.slice(0, -1)];
  }
  return [word.slice(0, -1)];
}
