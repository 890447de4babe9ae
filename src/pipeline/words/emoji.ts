/** Emoji characters in a prompt → words for the things they stand for. */

import type { MemoryThing } from '../memory/memory.js';

const EMOJI = /\p{Extended_Pictographic}|[\u{1F1E6}-\u{1F1FF}]/u;
const SEGMENTS = new Intl.Segmenter('en', { granularity: 'grapheme' });
const VARIATION_SELECTOR = /\uFE0F/gu;
const SKIN_TONE = /[\u{1F3FB}-\u{1F3FF}]/gu;
const JOINER = '\u200D';

/** Marks a thing in the text that its emoji stood in; private to this program, so nobody types it. */
const MARK = '\uE000';

/** The thing that a word stands for which `EmojiTable.mark` put there. */
export function markedThing(word: string): number | undefined {
  return word.startsWith(MARK) ? Number(word.slice(1)) : undefined;
}

export interface MarkedText {
  readonly text: string;
  /** Emoji that nothing is known of. */
  readonly unknown: readonly string[];
  /** Thing → its emoji as the member typed it, with skin tone and all. */
  readonly written: ReadonlyMap<number, string>;
}

export class EmojiTable {
  readonly #things: ReadonlyMap<string, number>;

  constructor(things: readonly MemoryThing[]) {
    this.#things = new Map(
      things.flatMap(({ emoji }, index) => (emoji === null ? [] : [[bare(emoji), index] as const])),
    );
  }

  /** The prompt with a word for the thing of each emoji in its place; emoji that nothing is known of are left out. */
  mark(prompt: string): MarkedText {
    const unknown: string[] = [];
    const written = new Map<number, string>();
    let text = '';
    for (const { segment } of SEGMENTS.segment(prompt.replaceAll(MARK, ' '))) {
      if (!EMOJI.test(segment)) {
        text += segment;
        continue;
      }
      const thing = this.#thingOf(segment);
      if (thing === undefined) {
        unknown.push(segment);
        // Words on both sides of it stay two.
        text += ' ';
      } else {
        text += ` ${MARK}${thing} `;
        written.set(thing, segment);
      }
    }
    return { text, unknown, written };
  }

  /** The thing of an emoji, else of the same without its skin tone, else of the first of those that it is joined of. */
  #thingOf(emoji: string): number | undefined {
    const plain = bare(emoji);
    const toneless = plain.replace(SKIN_TONE, '');
    return this.#things.get(plain) ?? this.#things.get(toneless) ?? this.#things.get(toneless.split(JOINER)[0] ?? '');
  }
}

function bare(emoji: string): string {
  return emoji.replace(VARIATION_SELECTOR, '');
}
