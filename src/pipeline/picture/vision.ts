/** Pixels → the image encoder's embedding. */

import { floatsOf, floatTensor, type Session } from '../bundle/onnx.js';
import type { BundleManifest } from '../bundle/schema.js';
import { normalise } from '../embedding.js';
import { layOnBackground, type PlanarPicture } from './pixels.js';
import { resizePlanes } from './resample.js';

export class ImageEncoder {
  readonly #session: Session;
  readonly #settings: BundleManifest['imageEncoder'];
  readonly #embeddingWidth: number;

  constructor(session: Session, settings: BundleManifest['imageEncoder'], embeddingWidth: number) {
    this.#session = session;
    this.#settings = settings;
    this.#embeddingWidth = embeddingWidth;
  }

  /**
   * Unit-norm embeddings [D], one per picture. A picture with alpha is laid on the bundle's background, brought to the
   * encoder's size by averaging, and normalised with the bundle's mean and standard deviation.
   */
  async embed(pictures: readonly PlanarPicture[]): Promise<Float32Array[]> {
    if (pictures.length === 0) {
      return [];
    }
    const { imageSize } = this.#settings;
    const length = 3 * imageSize * imageSize;
    const pixels = new Float32Array(pictures.length * length);
    for (const [index, picture] of pictures.entries()) {
      pixels.set(this.#prepare(picture), index * length);
    }
    const outputs = await this.#session.run({
      pixels: floatTensor(pixels, [pictures.length, 3, imageSize, imageSize]),
    });
    const embeddings = floatsOf(outputs, 'embedding');
    return pictures.map((_, index) =>
      normalise(embeddings.subarray(index * this.#embeddingWidth, (index + 1) * this.#embeddingWidth)),
    );
  }

  #prepare(picture: PlanarPicture): Float32Array {
    const { background, imageSize, mean, std } = this.#settings;
    const planes = resizePlanes(layOnBackground(picture, background), 3, picture.size, imageSize);
    const count = imageSize * imageSize;
    return planes.map((value, index) => {
      const channel = Math.floor(index / count);
      return (value - (mean[channel] ?? 0)) / (std[channel] ?? 1);
    });
  }
}
