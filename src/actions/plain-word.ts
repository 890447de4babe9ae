/** A member's word as it may stand in an answer: nothing in it formats, mentions or hides. */
export function plainWord(word: string, maxChars = 100): string {
  return [...word.replace(/[`*_~|@<>\p{C}]/gu, '')].slice(0, maxChars).join('');
}
