/** A prompt → the scene it asks for. */

import { takeBackground } from './backgrounds.js';
import { type Clause, clausesOf } from './clauses.js';
import { EmojiTable, markedThing } from './emoji.js';
import { RELATIONS } from './lexicon.js';
import { MAX_COUNT, type Scene } from './scene.js';
import { type Draft, SceneBuilder } from './scene-builder.js';
import { takeStyle } from './style.js';
import { type Finding, ThingFinder, type ThingFinderOptions } from './thing-finder.js';
import { Wording } from './wording.js';

export interface PromptReaderOptions extends ThingFinderOptions {
  /** Names of the styles that may be asked for. */
  readonly styles: readonly string[];
}

/** What is longer than this is read no further: nobody asks for that many things. */
const MAX_CLAUSES = 8;
/** Clauses that a thing's name may be cut into: "man and woman holding hands" are three. */
const LONGEST_NAME = 3;

export class PromptReader {
  readonly #emoji: EmojiTable;
  readonly #finder: ThingFinder;
  readonly #builder: SceneBuilder;
  readonly #options: PromptReaderOptions;

  constructor(options: PromptReaderOptions) {
    this.#options = options;
    this.#emoji = new EmojiTable(options.things);
    this.#finder = new ThingFinder(options);
    this.#builder = new SceneBuilder(options.things);
  }

  /**
   * Reads a prompt in these steps: style; emoji become words; clauses at "and", "with", "on" …; a background; the thing of
   * each clause; how they stand to each other. Any text may come.
   */
  async read(prompt: string): Promise<Scene> {
    const { text, style } = takeStyle(prompt, this.#options.styles);
    const marked = this.#emoji.mark(text);
    const all = clausesOf(marked.text).flatMap(apartFromEmoji);
    // An "and" that joins an emoji is left over; one that stands alone is all there is to go by.
    const said = all.length + marked.unknown.length > 1 ? all.filter(({ words }) => !isRelationOnly(words)) : all;
    const clauses = this.#joinNames(said.slice(0, MAX_CLAUSES + LONGEST_NAME - 1)).slice(0, MAX_CLAUSES);
    const taken = clauses.map(takeBackground);
    const background = taken.find(({ colour }) => colour !== undefined)?.colour;
    const asked = taken.flatMap(({ clause }) => clause ?? []);
    const drafts = await this.#draftsOf(asked, new Wording(marked));
    const known = drafts.filter(({ things }) => things.length > 0);
    const unknown = drafts.filter(({ things }) => things.length === 0);
    // Nothing was understood at all: whatever comes nearest is painted, and the words are reported all the same.
    const guessed =
      known.length > 0 ? [] : drafts.flatMap((draft) => (draft.guess ? [{ ...draft, things: draft.guess }] : []));
    return {
      ...this.#builder.build([...known, ...guessed]),
      ...(background === undefined ? {} : { background }),
      ...(style === undefined ? {} : { style }),
      words: {
        understood: known.map(({ words }) => words),
        unknown: [...unknown.map(({ words }) => words), ...marked.unknown],
      },
    };
  }

  /** Puts clauses together again whose words are one thing's name: "cloud with lightning". The longest name wins. */
  #joinNames(clauses: readonly Clause[]): readonly Clause[] {
    const joined: Clause[] = [];
    for (let at = 0; at < clauses.length; ) {
      let length = Math.min(LONGEST_NAME, clauses.length - at);
      while (length > 1 && !this.#isOneName(clauses.slice(at, at + length))) {
        length--;
      }
      joined.push({ ...(clauses[at] as Clause), words: withJoints(clauses.slice(at, at + length)) });
      at += length;
    }
    return joined;
  }

  #isOneName(clauses: readonly Clause[]): boolean {
    return clauses.slice(1).every(({ joint }) => joint !== ',') && this.#finder.isName(withJoints(clauses));
  }

  async #draftsOf(clauses: readonly Clause[], wording: Wording): Promise<readonly (Draft & Pick<Finding, 'guess'>)[]> {
    const findings = await this.#finder.find(clauses);
    return findings.map(({ things, guess, isWhole, isName, described }, index) => {
      const { relation, words } = clauses[index] as Clause;
      return {
        relation,
        words: wording.of(words),
        things,
        ...(guess === undefined ? {} : { guess }),
        count: isName ? 1 : Math.min(MAX_COUNT, described.count),
        colour: isWhole ? undefined : described.colour,
        bare: described.bare,
        isEmoji: words.some((word) => markedThing(word) !== undefined),
      };
    });
  }
}

/** Emoji stand for things whatever is written beside them: each is a clause, with the words before it. */
function apartFromEmoji(clause: Clause): readonly Clause[] {
  const parts: Clause[] = [];
  let words: string[] = [];
  for (const word of clause.words) {
    words.push(word);
    if (markedThing(word) === undefined) {
      continue;
    }
    parts.push({ ...(parts.length === 0 ? clause : BESIDE), words });
    words = [];
  }
  if (words.length > 0) {
    parts.push({ ...(parts.length === 0 ? clause : BESIDE), words });
  }
  return parts;
}

function withJoints(clauses: readonly Clause[]): readonly string[] {
  return clauses.flatMap(({ joint, words }, index) => (index === 0 ? words : [joint, ...words]));
}

function isRelationOnly(words: readonly string[]): boolean {
  return words.every((word) => RELATIONS.has(word));
}

const BESIDE = { relation: 'beside', joint: ',' } as const;
