/** Which pictures of the memory a painting leans on, and how the whole is moved. */

import type { Box } from '../collage/picture.js';
import { RandomGenerator } from '../prior/random.js';
import type { Scene, ScenePart } from '../words/scene.js';
import type { Memory } from './memory.js';

/** Stream of a seed that chooses memory pictures; 0 draws tokens, 1 moves embeddings. */
const CHOICE_STREAM = 2;
/** Sets whose faces are flat discs: their features come off cleanly. */
const FLAT_STYLES = ['twemoji', 'flat'];
/** Where there are fewer pictures to lean on, each is moved as well: otherwise all of a prompt would look the same. */
const ENOUGH_PICTURES = 4;
/** Keywords of what means something else, or nothing, in the mirror. */
const ONE_WAY =
  /\b(letter|letters|button|sign|symbol|arrow|number|numbers|clock|word|words|hand|left|right|abc|note|mark)\b/;

/** How a whole scene is moved: mirrored or not, and where to. */
export interface Movement {
  readonly isMirrored: boolean;
  readonly box: Box;
}

export interface Choice {
  readonly parts: readonly ChosenPart[];
  readonly movement: Movement | undefined;
}

/** The rows that one part of a picture leans on. */
export interface ChosenPart {
  readonly part: ScenePart;
  readonly row: number;
  readonly face?: number | undefined;
  readonly wears: readonly number[];
}

export class PictureChooser {
  readonly #thingsByLabel: ReadonlyMap<string, number>;
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#thingsByLabel = new Map(memory.things.map(({ label }, index) => [label, index]));
  }

  /** The same for the same scene and seed. The parts of one picture are of one style where that can be. */
  choose(scene: Scene, seed: number): Choice {
    const random = new RandomGenerator(seed, CHOICE_STREAM);
    const [first, ...others] = scene.parts;
    if (first === undefined) {
      return { parts: [], movement: undefined };
    }
    const leads = this.#rowsOf(first, scene.style);
    const lead = this.#pick(leads, [], random);
    const style = this.#memory.styleOf(lead);
    const complete = (part: ScenePart, row: number): ChosenPart => ({
      part,
      row,
      face: part.face && this.#pick(this.#rowsOfThings(part.face), FLAT_STYLES, random),
      wears: (part.wears ?? []).map((thing) => this.#pick(this.#rowsOfThings([thing]), [style], random)),
    });
    const parts = [
      complete(first, lead),
      ...others.map((part) => complete(part, this.#pick(this.#rowsOf(part, scene.style), [style], random))),
    ];
    const isMoved = leads.length < ENOUGH_PICTURES && scene.background === undefined;
    return { parts, movement: isMoved ? this.#movementOf(scene, random) : undefined };
  }

  #movementOf(scene: Scene, random: RandomGenerator): Movement {
    const isOneWay = scene.parts.some(({ things }) =>
      things.some((thing) => ONE_WAY.test((this.#memory.things[thing]?.phrases.en ?? []).join(' '))),
    );
    const edge = 1 - 0.22 * random.next();
    const room = (1 - edge) / 2;
    const [x, y] = [0.5 + room * (2 * random.next() - 1), 0.5 + room * (2 * random.next() - 1)];
    return { isMirrored: random.next() < 0.5 && !isOneWay, box: [x, y, edge] };
  }

  /** Rows of a part's pictures, those of `style` alone where there are some. */
  #rowsOf(part: ScenePart | undefined, style: string | undefined): readonly number[] {
    if (part === undefined) {
      return [];
    }
    // Hats and glasses sit on heads: the animal's face is taken where there is one.
    const things = (part.wears ?? []).length === 0 ? part.things : part.things.map((thing) => this.#faceOf(thing));
    const rows = this.#rowsOfThings(things);
    const inStyle = style === undefined ? [] : rows.filter((row) => this.#memory.styleOf(row) === style);
    return inStyle.length > 0 ? inStyle : rows;
  }

  #faceOf(thing: number): number {
    return this.#thingsByLabel.get(`${this.#memory.things[thing]?.label} face`) ?? thing;
  }

  #rowsOfThings(things: readonly number[]): readonly number[] {
    return things.flatMap((thing) => this.#memory.things[thing]?.pictures ?? []);
  }

  /** One of `rows`, in the first of `styles` that any of them has. */
  #pick(rows: readonly number[], styles: readonly string[], random: RandomGenerator): number {
    const found = styles
      .map((style) => rows.filter((row) => this.#memory.styleOf(row) === style))
      .find((inStyle) => inStyle.length > 0);
    const from = found ?? rows;
    return from[Math.floor(random.next() * from.length)] as number;
  }
}
