/** Parts that were found → how they make a scene: who wears what, whose face, which are one. */

import type { MemoryThing } from '../memory/memory.js';
import { FACE_WORDS, FEELINGS } from './feelings.js';
import { type ColourName, MAX_COUNT, MAX_PARTS, type Relation, type Scene, type ScenePart } from './scene.js';
import { wordsOf } from './text.js';

/** One understood clause. */
export interface Draft {
  /** How it follows the one before it. */
  readonly relation: Relation | 'with';
  readonly words: string;
  /** Never empty. */
  readonly things: readonly number[];
  readonly count: number;
  readonly colour: ColourName | undefined;
  /** The clause's words without number, colour and small words. */
  readonly bare: readonly string[];
  readonly isEmoji: boolean;
}

const WORN = /^(?!.*face).*\b(hat|cap|crown|glasses|sunglasses|goggles|helmet|headphone)$/;
/** Labels of the yellow faces; cats, suns and moons have faces of another kind. */
const SMILEY = /^(?!.*\b(sun|moon|wind|clown)\b).*\bface\b/;
/** Keywords of what has a face of its own already, or none that a smile would suit. */
const HAS_FACE = /(^| )(face|animal|person|people|adult|human|man|woman|boy|girl|baby|child|hand)( |$)/;
/** Faces and people with something on. */
const WORN_BY_FACE = /\b(hat|cap|crown|glasses|sunglasses|helmet)\b/;
/** What stands for any that no thing is called by: "a party hat". */
const ANY_HAT: Readonly<Record<string, string>> = {
  hat: 'top hat',
  hats: 'top hat',
  cap: 'billed cap',
  helmet: 'military helmet',
};

export class SceneBuilder {
  readonly #byLabel: ReadonlyMap<string, number>;
  readonly #things: readonly MemoryThing[];

  constructor(things: readonly MemoryThing[]) {
    this.#things = things;
    this.#byLabel = new Map(things.map(({ label }, index) => [label, index]));
  }

  /** What is worn goes onto the part before it, and so does "with a happy face". */
  build(drafts: readonly Draft[]): Pick<Scene, 'parts' | 'relation'> {
    const parts: ScenePart[] = [];
    let relation: Relation = 'beside';
    for (const draft of this.#hatsLast(merged(drafts))) {
      const last = parts.at(-1);
      const completed = last && this.#complete(last, draft);
      if (completed !== undefined) {
        parts.splice(-1, 1, completed);
      } else if (parts.length < MAX_PARTS) {
        if (last !== undefined) {
          relation = draft.relation === 'with' ? 'holding' : draft.relation;
        }
        parts.push(this.#partOf(draft));
      }
    }
    return { parts, relation };
  }

  /** The part with what `draft` says of it: worn, or a face. Undefined where it is a thing of its own. */
  #complete(part: ScenePart, draft: Draft): ScenePart | undefined {
    const isSaidOfIt = draft.relation !== 'beside' || draft.isEmoji;
    const worn = this.#wornIn(draft);
    if (worn !== undefined && (isSaidOfIt || part.wears !== undefined)) {
      return this.#wearing(part, worn);
    }
    if (isFaceOnly(draft) && draft.relation !== 'beside') {
      const face = this.#byLabel.get(feelingOf(draft) ?? '');
      return face === undefined ? part : { ...part, face: [face] };
    }
    return draft.isEmoji && this.#isSmiley(draft.things) ? this.#withSmiley(part, draft.things) : undefined;
  }

  /** "🍕😭" is a crying pizza; "🦊😎" has a face already, but gets the glasses. */
  #withSmiley(part: ScenePart, smiley: readonly number[]): ScenePart | undefined {
    if (!this.#hasFace(part.things)) {
      return { ...part, face: smiley.slice(0, 1) };
    }
    const glasses = this.#byLabel.get('sunglasses');
    const isCool = this.#labelOf(smiley).includes('sunglasses');
    return isCool && glasses !== undefined ? this.#wearing(part, [glasses]) : undefined;
  }

  #wearing(part: ScenePart, things: readonly number[]): ScenePart {
    return { ...part, wears: [...(part.wears ?? []), ...things.slice(0, 1)] };
  }

  /** "👑🐸" is the frog that wears the crown, in whichever order they were typed. */
  #hatsLast(drafts: readonly Draft[]): readonly Draft[] {
    const [first, second, ...others] = drafts;
    if (first === undefined || second === undefined || !first.isEmoji || !second.isEmoji) {
      return drafts;
    }
    return this.#isWorn(first.things) && !this.#isWorn(second.things) ? [second, first, ...others] : drafts;
  }

  #partOf(draft: Draft): ScenePart {
    const { words, things, count, colour } = draft;
    const face = this.#byLabel.get(feelingOf(draft, this.#labelOf(things)) ?? '');
    return {
      words,
      things,
      count,
      ...(colour === undefined ? {} : { colour }),
      ...(face === undefined || this.#hasFace(things) ? {} : { face: [face] }),
    };
  }

  /** What of a draft can be worn; "with a cowboy hat" means a hat although only a face is called so. */
  #wornIn({ things, relation, bare, isEmoji }: Draft): readonly number[] | undefined {
    if (this.#isWorn(things)) {
      return things;
    }
    const last = bare.at(-1) ?? '';
    if (relation !== 'with' || isEmoji) {
      return undefined;
    }
    // "в очках" comes nearest to a face with sunglasses: it is the glasses that are meant.
    const inLabel = WORN_BY_FACE.exec(this.#labelOf(things))?.[1];
    const name = Object.hasOwn(ANY_HAT, last) ? ANY_HAT[last] : inLabel && (ANY_HAT[inLabel] ?? inLabel);
    const any = this.#byLabel.get(name ?? '');
    return any === undefined ? undefined : [any];
  }

  #isWorn(things: readonly number[]): boolean {
    return WORN.test(this.#labelOf(things));
  }

  #isSmiley(things: readonly number[]): boolean {
    const { label = '', phrases = {} } = this.#things[things[0] ?? -1] ?? {};
    return SMILEY.test(label) && !(phrases.en ?? []).includes('animal');
  }

  #hasFace(things: readonly number[]): boolean {
    return HAS_FACE.test((this.#things[things[0] ?? -1]?.phrases.en ?? []).join(' '));
  }

  #labelOf(things: readonly number[]): string {
    return this.#things[things[0] ?? -1]?.label ?? '';
  }
}

/** The face that the words ask for, unless the thing is called so itself. */
function feelingOf({ bare }: Draft, label = ''): string | undefined {
  if (bare.length < 2) {
    return undefined;
  }
  const felt = bare.findLast((word) => FEELINGS.has(word) && !wordsOf(label).includes(word));
  return felt === undefined ? undefined : FEELINGS.get(felt);
}

/** Nothing but a feeling and the word face. */
function isFaceOnly({ bare }: Draft): boolean {
  return bare.every((word) => FEELINGS.has(word) || FACE_WORDS.has(word));
}

/** The same emoji again is one more of it, and a thing "on" or "with" itself was one name that came apart. */
function merged(drafts: readonly Draft[]): readonly Draft[] {
  const kept: Draft[] = [];
  for (const draft of drafts) {
    const last = kept.at(-1);
    const isSame = last !== undefined && last.things[0] === draft.things[0];
    if (isSame && draft.isEmoji && last.isEmoji) {
      kept.splice(-1, 1, { ...last, count: Math.min(MAX_COUNT, last.count + draft.count) });
    } else if (!isSame || draft.relation === 'beside') {
      kept.push(draft);
    }
  }
  return kept;
}
