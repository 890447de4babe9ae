/** Whatever pictures are made from → an embedding, and perhaps a guide, for each → conditioning vectors for the prior. */

import type { PictureCondition } from '../domain/picture.js';
import type { Condition, WordsRead } from '../painter/painter.js';
import { floatsOf, floatTensor, int64Tensor, type Session } from './bundle/onnx.js';
import type { BundleManifest } from './bundle/schema.js';
import { normalise, shiftToImages, varyEmbedding } from './embedding.js';
import type { SceneConditions } from './memory/scene-conditions.js';
import type { PictureDecoder } from './picture/codec.js';
import { fromRgba } from './picture/pixels.js';
import { decodeUpload } from './picture/upload.js';
import type { ImageEncoder } from './picture/vision.js';
import { promptWithStyle } from './request.js';
import type { PromptReader } from './words/prompt-reader.js';
import type { TextTokenizer } from './words/tokenizer.js';

export interface ConditionerParts {
  readonly tokenizer: TextTokenizer;
  readonly text: Session;
  readonly condition: Session;
  readonly imageEncoder: ImageEncoder;
  readonly pictureDecoder: PictureDecoder;
  /** What a bundle with a memory has. */
  readonly memory: { readonly reader: PromptReader; readonly scenes: SceneConditions } | undefined;
}

/** What the pictures of one request are painted from. */
export interface Conditions {
  /** Unit-norm embedding [D] of the request as a whole, to be stored with the job. */
  readonly embedding: Float32Array;
  readonly words?: WordsRead;
  /** One a seed; absent where all are painted from `embedding` alone. */
  readonly pictures?: readonly PictureCondition[];
}

export class Conditioner {
  #runs = 0;
  readonly #manifest: BundleManifest;
  readonly #parts: ConditionerParts;

  constructor(manifest: BundleManifest, parts: ConditionerParts) {
    this.#manifest = manifest;
    this.#parts = parts;
  }

  get textEncoderRuns(): number {
    return this.#runs;
  }

  /**
   * What each of the pictures with these `seeds` is painted from; `seed` is the request's own and moves variations.
   *
   * @throws InputError for a bad picture; AbortedError
   */
  async conditionsOf(
    condition: Condition,
    seed: number,
    seeds: readonly number[],
    signal: AbortSignal,
  ): Promise<Conditions> {
    const guidance = this.#manifest.memory?.guidance;
    switch (condition.kind) {
      case 'text':
        return this.#ofText(condition.prompt, condition.style, seeds, signal);
      case 'image':
        return { embedding: await this.embedUpload(condition.bytes) };
      case 'embedding': {
        const {
          embedding: { vector: embedding },
          pictures = [],
        } = condition;
        if (guidance === undefined || pictures.length === 0) {
          return { embedding };
        }
        return { embedding, pictures: seeds.map((_, i) => pictures[i % pictures.length] as PictureCondition) };
      }
      case 'variation': {
        const { strength, imageTokens, sources = [] } = condition;
        const picture = await this.#parts.pictureDecoder.decode(imageTokens);
        const [own] = await this.#parts.imageEncoder.embed([picture]);
        const { calibration } = this.#manifest;
        const { vector } = condition.embedding;
        const embedding = varyEmbedding(vector, own ?? vector, strength, seed, calibration);
        if (guidance === undefined) {
          return { embedding };
        }
        const guidePull = guidance.variationPull[strength];
        const guided = { embedding, guideTokens: imageTokens, guidePull, sources };
        return { embedding, pictures: seeds.map(() => guided) };
      }
    }
  }

  /** The image embedding of an uploaded picture. @throws InputError when it is none. */
  async embedUpload(bytes: Uint8Array): Promise<Float32Array> {
    const { decoder, imageEncoder } = this.#manifest;
    // At the size of our own pictures or larger: a picture that came from here is seen as it was when it was ranked.
    const rgba = await decodeUpload(bytes, Math.max(decoder.imageSize, imageEncoder.imageSize));
    const [embedding] = await this.#parts.imageEncoder.embed([fromRgba(rgba, 4, imageEncoder.background)]);
    return normalise(embedding ?? []);
  }

  /** Conditioning vectors [P × W] of an embedding. */
  async rows(embedding: Float32Array): Promise<Float32Array> {
    const outputs = await this.#parts.condition.run({ embedding: floatTensor(embedding, [1, embedding.length]) });
    return floatsOf(outputs, 'condition');
  }

  /** Conditioning vectors of the null condition that guidance leads away from: the same for every picture. */
  nullRows(): Promise<Float32Array> {
    return this.rows(new Float32Array(this.#manifest.embeddingWidth));
  }

  /** Words find pictures of the memory where there is one; what it does not know goes the way of CLIP alone. */
  async #ofText(
    prompt: string,
    style: string | undefined,
    seeds: readonly number[],
    signal: AbortSignal,
  ): Promise<Conditions> {
    const embedding = await this.#embedText(promptWithStyle(prompt, style, this.#manifest));
    const { memory } = this.#parts;
    if (memory === undefined) {
      return { embedding };
    }
    const read = await memory.reader.read(prompt);
    const scene = style === undefined ? read : { ...read, style };
    const { words } = scene;
    if (scene.parts.length === 0) {
      return { embedding, words };
    }
    const pictures = await memory.scenes.of(scene, embedding, seeds, signal);
    return { embedding, words, pictures };
  }

  async #embedText(words: string): Promise<Float32Array> {
    const { inputIds, attentionMask } = this.#parts.tokenizer.tokenize(words);
    const dims = [1, inputIds.length];
    const mask = this.#parts.text.hasInput('attention_mask')
      ? { attention_mask: int64Tensor(attentionMask, dims) }
      : {};
    this.#runs++;
    const outputs = await this.#parts.text.run({ input_ids: int64Tensor(inputIds, dims), ...mask });
    return shiftToImages(normalise(floatsOf(outputs, 'embedding')), this.#manifest.calibration);
  }
}
