/** What each picture of a scene is painted from: pictures of the memory, as they are or laid out as a collage. */

import { AbortedError, BundleError } from '../../errors.js';
import type { BundleManifest } from '../bundle-schema.js';
import type { PictureDecoder, PictureEncoder } from '../codec.js';
import { type CollagePart, layOutCollage } from '../collage/collage.js';
import { emptyPicture, mirrored, type Place, paste } from '../collage/picture.js';
import { normalise } from '../embedding.js';
import type { PlanarPicture } from '../pixels.js';
import { RandomGenerator } from '../random.js';
import type { PictureCondition, PictureSource } from '../types.js';
import type { ImageEncoder } from '../vision.js';
import type { Scene, ScenePart } from '../words/scene.js';
import type { Memory, MemoryPicture } from './memory.js';

/** Stream of a seed that chooses memory pictures; 0 draws tokens, 1 moves embeddings. */
const CHOICE_STREAM = 2;
/** What is worn over the eyes and not on the head. */
const OVER_EYES = /glasses|goggles/;
/** Sets whose faces are flat discs: their features come off cleanly. */
const FLAT_STYLES = ['twemoji', 'flat'];

export interface SceneConditionsParts {
  readonly manifest: BundleManifest;
  readonly memory: Memory;
  readonly decoder: PictureDecoder;
  readonly encoder: PictureEncoder;
  readonly imageEncoder: ImageEncoder;
}

/** Where there are fewer pictures to lean on, each is moved as well: otherwise all of a prompt would look the same. */
const ENOUGH_PICTURES = 4;
/** Keywords of what means something else, or nothing, in the mirror. */
const ONE_WAY =
  /\b(letter|letters|button|sign|symbol|arrow|number|numbers|clock|word|words|hand|left|right|abc|note|mark)\b/;

/** How a whole scene is moved: mirrored or not, and where to. */
interface Movement {
  readonly isMirrored: boolean;
  readonly place: Place;
}

interface Choice {
  readonly parts: readonly ChosenPart[];
  readonly movement: Movement | undefined;
}

/** The rows that one part of a picture leans on. */
interface ChosenPart {
  readonly part: ScenePart;
  readonly row: number;
  readonly face?: number | undefined;
  readonly wears: readonly number[];
}

export class SceneConditions {
  private readonly thingsByLabel: ReadonlyMap<string, number>;
  private readonly guidance: NonNullable<BundleManifest['memory']>['guidance'];

  constructor(private readonly parts: SceneConditionsParts) {
    const { memory } = parts.manifest;
    if (memory === null) throw new BundleError(`The bundle ${parts.manifest.name} has no memory to lean on.`);
    this.guidance = memory.guidance;
    this.thingsByLabel = new Map(parts.memory.things.map(({ label }, index) => [label, index]));
  }

  /**
   * One condition a picture, chosen by the picture's own seed: which pictures of the same things it leans on. The parts of
   * one picture are of one style where that can be.
   *
   * @param text Unit-norm embedding of the prompt; it is mixed in by `guidance.textShare`.
   * @throws AbortedError between two collages
   */
  async of(
    scene: Scene,
    text: Float32Array,
    seeds: readonly number[],
    signal: AbortSignal,
  ): Promise<readonly PictureCondition[]> {
    const made = new Map<string, PictureCondition>();
    const conditions = [];
    for (const seed of seeds) {
      if (signal.aborted) throw new AbortedError();
      const choice = this.choose(scene, new RandomGenerator(seed, CHOICE_STREAM));
      const key = JSON.stringify([choice.movement, choice.parts.map(({ row, face, wears }) => [row, face, wears])]);
      const condition = made.get(key) ?? (await this.conditionOf(scene, choice, text));
      made.set(key, condition);
      conditions.push(condition);
    }
    return conditions;
  }

  /** The rows of every part, and how the whole is moved. */
  private choose(scene: Scene, random: RandomGenerator): Choice {
    const [first, ...others] = scene.parts;
    if (first === undefined) return { parts: [], movement: undefined };
    const leads = this.rowsOf(first, scene.style);
    const lead = this.pick(leads, [], random);
    const style = this.parts.memory.styleOf(lead);
    const complete = (part: ScenePart, row: number): ChosenPart => ({
      part,
      row,
      face: part.face && this.pick(this.rowsOfThings(part.face), FLAT_STYLES, random),
      wears: (part.wears ?? []).map((thing) => this.pick(this.rowsOfThings([thing]), [style], random)),
    });
    const parts = [
      complete(first, lead),
      ...others.map((part) => complete(part, this.pick(this.rowsOf(part, scene.style), [style], random))),
    ];
    const isMoved = leads.length < ENOUGH_PICTURES && scene.background === undefined;
    return { parts, movement: isMoved ? this.movementOf(scene, random) : undefined };
  }

  private movementOf(scene: Scene, random: RandomGenerator): Movement {
    const isOneWay = scene.parts.some(({ things }) =>
      things.some((thing) => ONE_WAY.test((this.parts.memory.things[thing]?.phrases.en ?? []).join(' '))),
    );
    const edge = 1 - 0.22 * random.next();
    const room = (1 - edge) / 2;
    const [x, y] = [0.5 + room * (2 * random.next() - 1), 0.5 + room * (2 * random.next() - 1)];
    return { isMirrored: random.next() < 0.5 && !isOneWay, place: [x, y, edge] };
  }

  private async conditionOf(scene: Scene, { parts, movement }: Choice, text: Float32Array): Promise<PictureCondition> {
    const { memory, encoder, imageEncoder, manifest } = this.parts;
    const guidance = this.guidance;
    const sources = this.sourcesOf(parts);
    const [only] = parts;
    const isPlain = movement === undefined && parts.length === 1 && only !== undefined && isAsStored(only.part, scene);
    if (isPlain) {
      const { tokens, embedding } = memory.picture(only.row);
      return { embedding: this.mix(text, embedding), guideTokens: tokens, guidePull: guidance.pull, sources };
    }
    const laidOut = layOutCollage(await this.decodeParts(parts), scene, manifest.encoder.imageSize);
    const collage = movement === undefined ? laidOut : moved(laidOut, movement);
    const [embedding] = await imageEncoder.embed([collage]);
    const guideTokens = await encoder.encode(collage);
    return { embedding: this.mix(text, embedding ?? text), guideTokens, guidePull: guidance.collagePull, sources };
  }

  private async decodeParts(choice: readonly ChosenPart[]): Promise<readonly CollagePart[]> {
    const parts = [];
    for (const { part, row, face, wears } of choice) {
      const worn = [];
      for (const thing of wears)
        worn.push({ picture: await this.decode(thing), isOverEyes: OVER_EYES.test(this.nameOf(thing)) });
      parts.push({
        picture: await this.decode(row),
        count: part.count,
        colour: part.colour,
        face: face === undefined ? undefined : await this.decode(face),
        wears: worn,
      });
    }
    return parts;
  }

  private decode(row: number): Promise<PlanarPicture> {
    return this.parts.decoder.decode(this.parts.memory.picture(row).tokens);
  }

  private nameOf(row: number): string {
    return this.parts.memory.picture(row).source.name;
  }

  private sourcesOf(choice: readonly ChosenPart[]): readonly PictureSource[] {
    const rows = choice.flatMap(({ row, face, wears }) => [row, ...(face === undefined ? [] : [face]), ...wears]);
    return [...new Set(rows)].map((row): MemoryPicture['source'] => this.parts.memory.picture(row).source);
  }

  /** normalise(share · text + (1 − share) · picture) */
  private mix(text: Float32Array, picture: Float32Array): Float32Array {
    const share = this.guidance.textShare;
    return normalise(Float64Array.from(picture, (value, i) => (1 - share) * value + share * (text[i] ?? 0)));
  }

  /** Rows of a part's pictures, those of `style` alone where there are some. */
  private rowsOf(part: ScenePart | undefined, style: string | undefined): readonly number[] {
    if (part === undefined) return [];
    // Hats and glasses sit on heads: the animal's face is taken where there is one.
    const things = (part.wears ?? []).length === 0 ? part.things : part.things.map((thing) => this.faceOf(thing));
    const rows = this.rowsOfThings(things);
    const inStyle = style === undefined ? [] : rows.filter((row) => this.parts.memory.styleOf(row) === style);
    return inStyle.length > 0 ? inStyle : rows;
  }

  private faceOf(thing: number): number {
    return this.thingsByLabel.get(`${this.parts.memory.things[thing]?.label} face`) ?? thing;
  }

  private rowsOfThings(things: readonly number[]): readonly number[] {
    return things.flatMap((thing) => this.parts.memory.things[thing]?.pictures ?? []);
  }

  /** One of `rows`, in the first of `styles` that any of them has. */
  private pick(rows: readonly number[], styles: readonly string[], random: RandomGenerator): number {
    const found = styles
      .map((style) => rows.filter((row) => this.parts.memory.styleOf(row) === style))
      .find((inStyle) => inStyle.length > 0);
    const from = found ?? rows;
    return from[Math.floor(random.next() * from.length)] as number;
  }
}

function moved(picture: PlanarPicture, { isMirrored, place }: Movement): PlanarPicture {
  const canvas = emptyPicture(picture.size);
  paste(canvas, isMirrored ? mirrored(picture) : picture, place);
  return canvas;
}

function isAsStored({ count, colour, face, wears = [] }: ScenePart, { background }: Scene): boolean {
  return count === 1 && colour === undefined && face === undefined && wears.length === 0 && background === undefined;
}
