/** Whatever a picture is made from → one embedding → conditioning vectors for the prior. */

import type { BundleManifest } from './bundle-schema.js';
import type { PictureDecoder } from './codec.js';
import { normalise, shiftToImages, varyEmbedding } from './embedding.js';
import { floatsOf, floatTensor, int64Tensor, type Session } from './onnx.js';
import { readPicture } from './picture-input.js';
import { fromRgba } from './pixels.js';
import { promptWithStyle } from './request.js';
import type { TextTokenizer } from './tokenizer.js';
import type { Condition } from './types.js';
import type { ImageEncoder } from './vision.js';

export interface ConditionerParts {
  readonly tokenizer: TextTokenizer;
  readonly text: Session;
  readonly condition: Session;
  readonly imageEncoder: ImageEncoder;
  readonly pictureDecoder: PictureDecoder;
}

export class Conditioner {
  private runs = 0;

  constructor(
    private readonly manifest: BundleManifest,
    private readonly parts: ConditionerParts,
  ) {}

  get textEncoderRuns(): number {
    return this.runs;
  }

  /** The unit-norm embedding [D] of a checked condition; `seed` moves variations. @throws InputError for a bad picture */
  async embed(condition: Condition, seed: number): Promise<Float32Array> {
    switch (condition.kind) {
      case 'text':
        return this.embedText(promptWithStyle(condition.prompt, condition.style, this.manifest));
      case 'image':
        return this.embedUpload(condition.bytes);
      case 'embedding':
        return condition.embedding;
      case 'variation': {
        const picture = await this.parts.pictureDecoder.decode(condition.imageTokens);
        const [own] = await this.parts.imageEncoder.embed([picture]);
        const { embedding, strength } = condition;
        return varyEmbedding(embedding, own ?? embedding, strength, seed, this.manifest.calibration);
      }
    }
  }

  /** The image embedding of an uploaded picture. @throws InputError when it is none. */
  async embedUpload(bytes: Uint8Array): Promise<Float32Array> {
    const { decoder, imageEncoder } = this.manifest;
    // At the size of our own pictures or larger: a picture that came from here is seen as it was when it was ranked.
    const rgba = await readPicture(bytes, Math.max(decoder.imageSize, imageEncoder.imageSize));
    const [embedding] = await this.parts.imageEncoder.embed([fromRgba(rgba, 4, imageEncoder.background)]);
    return normalise(embedding ?? []);
  }

  /** Conditioning vectors [P × W] of an embedding. */
  async rows(embedding: Float32Array): Promise<Float32Array> {
    const outputs = await this.parts.condition.run({ embedding: floatTensor(embedding, [1, embedding.length]) });
    return floatsOf(outputs, 'condition');
  }

  /** Conditioning vectors of the null condition that guidance leads away from: the same for every picture. */
  nullRows(): Promise<Float32Array> {
    return this.rows(new Float32Array(this.manifest.embeddingWidth));
  }

  private async embedText(words: string): Promise<Float32Array> {
    const { inputIds, attentionMask } = this.parts.tokenizer.tokenize(words);
    const dims = [1, inputIds.length];
    const mask = this.parts.text.hasInput('attention_mask') ? { attention_mask: int64Tensor(attentionMask, dims) } : {};
    this.runs++;
    const outputs = await this.parts.text.run({ input_ids: int64Tensor(inputIds, dims), ...mask });
    return shiftToImages(normalise(floatsOf(outputs, 'embedding')), this.manifest.calibration);
  }
}
