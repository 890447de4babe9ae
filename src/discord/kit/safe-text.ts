import { escapeMarkdown } from 'discord.js';

/** Bidi controls, zero-width marks and other format characters that can turn a message around or hide text. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/gu;
/** The joiner inside emoji such as 👩‍🚀 is a format character that must stay. */
const KEPT = '\u200D';

/**
 * Member text that cannot mention, link, format or turn around the message it stands in.
 * @param maxChars of the result; longer text ends in an ellipsis.
 */
export function safeText(text: string, maxChars = 1500): string {
  // Links go first: what looks like a part of one is not escaped.
  const plain = visibleText(text).replaceAll('://', ':\u200B//');
  const escaped = escapeMarkdown(plain, { maskedLink: true, heading: true, bulletedList: true, numberedList: true })
    .replaceAll('@', '@\u200B')
    .replaceAll('<', '\\<')
    .replace(/^>/, '\\>');
  return shorten(escaped, maxChars);
}

/** Text on one line without invisible characters: for places that do not format (alt texts, modal values, names). */
export function visibleText(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(INVISIBLE, (character) => (character === KEPT ? character : ''))
    .trim();
}

/** Cuts after whole characters, never inside a surrogate pair. */
export function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) {
    return text;
  }
  const cut = text.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF\\]+$/, '');
  return `${cut}…`;
}
