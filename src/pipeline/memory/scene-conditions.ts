/** What each picture of a scene is painted from: pictures of the memory, as they are or laid out as a collage. */

import { AbortedError, BundleError } from '../../domain/errors.js';
import type { PictureCondition, PictureSource } from '../../domain/picture.js';
import type { BundleManifest } from '../bundle/schema.js';
import { type CollagePart, layOutCollage } from '../collage/collage.js';
import { emptyPicture, mirrored, paste } from '../collage/picture.js';
import { normalise } from '../embedding.js';
import type { PictureDecoder, PictureEncoder } from '../picture/codec.js';
import type { PlanarPicture } from '../picture/pixels.js';
import type { ImageEncoder } from '../picture/vision.js';
import type { Scene, ScenePart } from '../words/scene.js';
import type { Memory, MemoryPicture } from './memory.js';
import { type Choice, type ChosenPart, type Movement, PictureChooser } from './picture-chooser.js';

/** What is worn over the eyes and not on the head. */
const OVER_EYES = /glasses|goggles/;

export interface SceneConditionsParts {
  readonly manifest: BundleManifest;
  readonly memory: Memory;
  readonly decoder: PictureDecoder;
  readonly encoder: PictureEncoder;
  readonly imageEncoder: ImageEncoder;
}

/** The picture of a row. */
type Decode = (row: number) => Promise<PlanarPicture>;

export class SceneConditions {
  readonly #chooser: PictureChooser;
  readonly #guidance: NonNullable<BundleManifest['memory']>['guidance'];
  readonly #parts: SceneConditionsParts;

  constructor(parts: SceneConditionsParts) {
    this.#parts = parts;
    const { memory } = parts.manifest;
    if (memory === null) {
      throw new BundleError(`The bundle ${parts.manifest.name} has no memory to lean on.`);
    }
    this.#guidance = memory.guidance;
    this.#chooser = new PictureChooser(parts.memory);
  }

  /**
   * One condition a picture, chosen by the picture's own seed: which pictures of the same things it leans on.
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
    const decode = this.#rememberingDecoder();
    const conditions = [];
    for (const seed of seeds) {
      if (signal.aborted) {
        throw new AbortedError();
      }
      const choice = this.#chooser.choose(scene, seed);
      const key = JSON.stringify([choice.movement, choice.parts.map(({ row, face, wears }) => [row, face, wears])]);
      const condition = made.get(key) ?? (await this.#conditionOf(scene, choice, text, decode));
      made.set(key, condition);
      conditions.push(condition);
    }
    return conditions;
  }

  async #conditionOf(
    scene: Scene,
    { parts, movement }: Choice,
    text: Float32Array,
    decode: Decode,
  ): Promise<PictureCondition> {
    const { memory, encoder, imageEncoder, manifest } = this.#parts;
    const guidance = this.#guidance;
    const sources = this.#sourcesOf(parts);
    const [only] = parts;
    const isPlain = movement === undefined && parts.length === 1 && only !== undefined && isAsStored(only.part, scene);
    if (isPlain) {
      const { tokens, embedding } = memory.picture(only.row);
      return { embedding: this.#mix(text, embedding), guideTokens: tokens, guidePull: guidance.pull, sources };
    }
    const laidOut = layOutCollage(await this.#decodeParts(parts, decode), scene, manifest.encoder.imageSize);
    const collage = movement === undefined ? laidOut : moved(laidOut, movement);
    const [embedding] = await imageEncoder.embed([collage]);
    const guideTokens = await encoder.encode(collage);
    return { embedding: this.#mix(text, embedding ?? text), guideTokens, guidePull: guidance.collagePull, sources };
  }

  async #decodeParts(choice: readonly ChosenPart[], decode: Decode): Promise<readonly CollagePart[]> {
    const parts = [];
    for (const { part, row, face, wears } of choice) {
      const worn = [];
      for (const thing of wears) {
        worn.push({ picture: await decode(thing), isOverEyes: OVER_EYES.test(this.#nameOf(thing)) });
      }
      parts.push({
        picture: await decode(row),
        count: part.count,
        colour: part.colour,
        face: face === undefined ? undefined : await decode(face),
        wears: worn,
      });
    }
    return parts;
  }

  /** Candidates lean on the same few pictures again and again: each is decoded once a request. */
  #rememberingDecoder(): Decode {
    const decoded = new Map<number, Promise<PlanarPicture>>();
    return (row) => {
      const picture = decoded.get(row) ?? this.#parts.decoder.decode(this.#parts.memory.picture(row).tokens);
      decoded.set(row, picture);
      return picture;
    };
  }

  #nameOf(row: number): string {
    return this.#parts.memory.picture(row).source.name;
  }

  #sourcesOf(choice: readonly ChosenPart[]): readonly PictureSource[] {
    const rows = choice.flatMap(({ row, face, wears }) => [row, ...(face === undefined ? [] : [face]), ...wears]);
    return [...new Set(rows)].map((row): MemoryPicture['source'] => this.#parts.memory.picture(row).source);
  }

  /** normalise(share · text + (1 − share) · picture) */
  #mix(text: Float32Array, picture: Float32Array): Float32Array {
    const share = this.#guidance.textShare;
    return normalise(Float64Array.from(picture, (value, i) => (1 - share) * value + share * (text[i] ?? 0)));
  }
}

function moved(picture: PlanarPicture, { isMirrored, box }: Movement): PlanarPicture {
  const canvas = emptyPicture(picture.size);
  paste(canvas, isMirrored ? mirrored(picture) : picture, box);
  return canvas;
}

function isAsStored({ count, colour, face, wears = [] }: ScenePart, { background }: Scene): boolean {
  return count === 1 && colour === undefined && face === undefined && wears.length === 0 && background === undefined;
}
