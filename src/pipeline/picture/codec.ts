/** Image tokens ↔ pixels: the bundle's VQGAN. */

import { floatsOf, floatTensor, int64sOf, int64Tensor, type Session } from '../bundle/onnx.js';
import type { BundleManifest } from '../bundle/schema.js';
import type { PlanarPicture } from './pixels.js';

/** From this edge on a decoder's intermediate results weigh as much as a model: 130 MB at 256 pixels. */
const LARGE_EDGE_PX = 256;

/** Pictures that stay decoded: a job's, between their ranking and the moment when they are shown. */
const KEPT_PICTURES = 16;

export class PictureDecoder {
  readonly #tokens: BigInt64Array;
  /** By their tokens, the newest last. */
  readonly #kept = new Map<string, PlanarPicture>();

  readonly #session: Session;
  readonly #settings: BundleManifest['decoder'];
  readonly #prior: BundleManifest['prior'];

  constructor(session: Session, settings: BundleManifest['decoder'], prior: BundleManifest['prior']) {
    this.#session = session;
    this.#settings = settings;
    this.#prior = prior;
    this.#tokens = new BigInt64Array(prior.positions * prior.codesPerPosition);
  }

  /**
   * The picture of `imageTokens` [P × G]. One at a time: memory stays small, and the same tokens give the same pixels
   * to the last bit, whatever else is decoded. The newest stay at hand, so the result is not to be written to.
   */
  async decode(imageTokens: Uint16Array): Promise<PlanarPicture> {
    const key = Buffer.from(imageTokens.buffer, imageTokens.byteOffset, imageTokens.byteLength).toString('latin1');
    const picture = this.#kept.get(key) ?? (await this.#decodeNew(imageTokens));
    this.#kept.delete(key);
    this.#kept.set(key, picture);
    if (this.#kept.size > KEPT_PICTURES) {
      this.#kept.delete(this.#kept.keys().next().value ?? '');
    }
    return picture;
  }

  async #decodeNew(imageTokens: Uint16Array): Promise<PlanarPicture> {
    const { positions, codesPerPosition } = this.#prior;
    const { channels, imageSize: size } = this.#settings;
    // A buffer of its own: several requests may decode at the same time.
    const tokens = this.#tokens.slice();
    imageTokens.forEach((token, index) => {
      tokens[index] = BigInt(token);
    });
    const outputs = await this.#session.run({ image_tokens: int64Tensor(tokens, [1, positions, codesPerPosition]) });
    return { data: floatsOf(outputs, 'pixels'), channels, size };
  }

  /**
   * Frees a large decoder until it is used again, unless it is in use: to load it takes a third of the time of decoding
   * one picture, and what it keeps of its last run would weigh almost as much as the cache of the pictures that are drawn
   * meanwhile.
   */
  async rest(): Promise<void> {
    if (this.#settings.imageSize >= LARGE_EDGE_PX) {
      await this.#session.rest();
    }
  }

  /**
   * A half-drawn picture: positions from `drawn` on are see-through (black where there is no alpha).
   *
   * The decoder wants a code everywhere. It gets the code of the first position, which in most pictures is plain
   * background, so that what is drawn is not coloured by what is not; the undrawn cells are then wiped out.
   */
  async decodePartial(imageTokens: Uint16Array, drawn: number): Promise<PlanarPicture> {
    const { codesPerPosition: codes } = this.#prior;
    const filled = imageTokens.map((token, index) =>
      index < drawn * codes ? token : (imageTokens[index % codes] ?? 0),
    );
    const picture = await this.#decodeNew(filled);
    const { size, channels, data } = picture;
    const { grid } = this.#settings;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const position = Math.floor((y * grid) / size) * grid + Math.floor((x * grid) / size);
        if (position < drawn) {
          continue;
        }
        for (let channel = 0; channel < channels; channel++) {
          data[(channel * size + y) * size + x] = 0;
        }
      }
    }
    return picture;
  }
}

export class PictureEncoder {
  readonly #session: Session;
  readonly #settings: BundleManifest['encoder'];

  constructor(session: Session, settings: BundleManifest['encoder']) {
    this.#session = session;
    this.#settings = settings;
  }

  /** Tokens [P × G] of a picture of the encoder's own size and channels. */
  async encode(picture: PlanarPicture): Promise<Uint16Array> {
    const { channels, imageSize } = this.#settings;
    const outputs = await this.#session.run({ pixels: floatTensor(picture.data, [1, channels, imageSize, imageSize]) });
    return Uint16Array.from(int64sOf(outputs, 'image_tokens'), Number);
  }
}
