import type { Embedding } from '../domain/embedding.js';
import type {
  BundleSummary,
  Painter,
  PaintOptions,
  PaintRequest,
  PaintResult,
  Phrase,
  RenderedPicture,
  RenderRequest,
} from './painter.js';
import { type PainterCall, painterAnswers } from './wire.js';

/** A painter that is somewhere else: each method is a call that travels, and an answer that is checked when it comes. */
export abstract class PainterCaller implements Painter {
  async paint(request: PaintRequest, options: PaintOptions = {}): Promise<PaintResult> {
    return painterAnswers.paint.parse(await this.call({ method: 'paint', request }, options));
  }

  async render(request: RenderRequest): Promise<RenderedPicture> {
    return painterAnswers.render.parse(await this.call({ method: 'render', request }, {}));
  }

  async describe(image: Uint8Array, count?: number): Promise<readonly Phrase[]> {
    const request = count === undefined ? { image } : { image, count };
    return painterAnswers.describe.parse(await this.call({ method: 'describe', request }, {}));
  }

  async embedImage(image: Uint8Array): Promise<Embedding> {
    return painterAnswers.embedImage.parse(await this.call({ method: 'embedImage', request: { image } }, {}));
  }

  abstract summary(): Promise<BundleSummary>;
  abstract close(): Promise<void>;

  /** Has the call answered elsewhere. Rejects with the error that the other side said. */
  abstract call(call: PainterCall, options: PaintOptions): Promise<unknown>;
}
