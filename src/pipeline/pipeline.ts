/** From a condition to ranked pictures: everything above the single graphs. */

import { createHash } from 'node:crypto';
import type { Embedding } from '../domain/embedding.js';
import { AbortedError, expected } from '../domain/errors.js';
import type {
  BundleSummary,
  Painter,
  PaintOptions,
  PaintRequest,
  PaintResult,
  Phrase,
  RenderedPicture,
  RenderRequest,
} from '../painter/painter.js';
import { type Bundle, verifyBundle } from './bundle/bundle.js';
import type { RuntimeOptions } from './bundle/onnx.js';
import { bundleId } from './bundle/schema.js';
import { BundleSessions } from './bundle/sessions.js';
import { Conditioner } from './condition.js';
import { openMemory } from './memory/open-memory.js';
import { type PaintingParts, paintPictures } from './painting.js';
import { PictureDecoder, PictureEncoder } from './picture/codec.js';
import { fromRgba, toRgba } from './picture/pixels.js';
import { renderPng } from './picture/render.js';
import { decodeUpload } from './picture/upload.js';
import { ImageEncoder } from './picture/vision.js';
import { PriorBatch } from './prior/batch.js';
import { Generator } from './prior/generate.js';
import { CodeBook } from './prior/guide.js';
import { checkPaintRequest, checkRenderRequest } from './request.js';
import { PhraseBook } from './words/phrases.js';
import { TextTokenizer } from './words/tokenizer.js';

export interface PipelineOptions extends RuntimeOptions {
  /** Folder with bundle.json. */
  readonly bundleDir: string;
  /** Stops the opening. */
  readonly signal?: AbortSignal | undefined;
  /** Key/value cache that one batch may take, in bytes; more pictures than fit are painted in turns. Default 768 MiB. */
  readonly maxCacheBytes?: number;
}

const DEFAULT_CACHE_BYTES = 768 * 1024 * 1024;
/** Beyond this many rows a step on a CPU takes as long per row as with fewer. */
const MAX_ROWS = 32;
const MAX_PHRASES = 50;

/** The pieces that are there once the bundle is loaded. */
interface Parts extends PaintingParts {
  readonly bundle: Bundle;
  readonly sessions: BundleSessions;
}

/**
 * Paints with one bundle, in this process: graphs run on the calling thread and block it while they do.
 *
 * Calls may overlap; the pictures of several requests then share the transformer's steps. The same request on the same
 * machine gives the same bytes, alone or in company.
 */
export class Pipeline implements Painter {
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #lastUpload: Promise<unknown> = Promise.resolve();
  #phrases: Promise<PhraseBook> | undefined;
  #pendingLoadMs: number;
  readonly #parts: Parts;
  /** How long `open` took. */
  readonly loadMs: number;

  private constructor(parts: Parts, loadMs: number) {
    this.#parts = parts;
    this.loadMs = loadMs;
    this.#pendingLoadMs = loadMs;
  }

  /**
   * Checks the bundle's files, loads its graphs and checks their tensors. The picture encoder and the phrases, which
   * painting does not need, are loaded when they are first used.
   *
   * @throws BundleError when a file is missing, damaged, of another format, or a graph has other tensors.
   * @throws TesseraError `provider_unavailable` when the execution provider is not there.
   * @throws AbortedError when `signal` is aborted.
   */
  static async open(options: PipelineOptions): Promise<Pipeline> {
    const startedAt = performance.now();
    const bundle = await verifyBundle(options.bundleDir, { signal: options.signal });
    const { manifest, dir } = bundle;
    const { prior, textEncoder } = manifest;
    const sessions = new BundleSessions(bundle, options);
    try {
      // The decoder first: what its loading leaves free is used by the others.
      const [decoder, tokenizer, text, image, condition, step, depth, codeBook] = await Promise.all([
        sessions.get('decoder'),
        TextTokenizer.open(`${dir}/${textEncoder.tokenizer}`, textEncoder.contextLength, textEncoder.padTokenId),
        sessions.get('textEncoder'),
        sessions.get('imageEncoder'),
        sessions.get('condition'),
        sessions.get('step'),
        prior.depth === null ? undefined : sessions.get('depth'),
        CodeBook.open(bundle),
      ]);
      if (options.signal?.aborted) {
        throw new AbortedError();
      }
      const imageEncoder = new ImageEncoder(image, manifest.imageEncoder, manifest.embeddingWidth);
      const pictureDecoder = new PictureDecoder(decoder, manifest.decoder, prior);
      const memory = await openMemory(bundle, sessions, { imageEncoder, pictureDecoder });
      const conditioner = new Conditioner(manifest, {
        tokenizer,
        text,
        condition,
        imageEncoder,
        pictureDecoder,
        memory,
      });
      const rowBytes = 2 * prior.layers * prior.heads * prior.positions * prior.headWidth * 4;
      const maxRows = Math.min(
        MAX_ROWS,
        Math.max(2, Math.floor((options.maxCacheBytes ?? DEFAULT_CACHE_BYTES) / rowBytes)),
      );
      const batch = new PriorBatch(prior, { step, depth }, await conditioner.nullRows(), maxRows, codeBook);
      const parts = {
        manifest,
        bundle,
        sessions,
        conditioner,
        imageEncoder,
        generator: new Generator(batch),
        decoder: pictureDecoder,
      };
      return new Pipeline(parts, performance.now() - startedAt);
    } catch (error) {
      await sessions.release();
      throw error;
    }
  }

  /** Times that the text encoder has run; a reroll or a variation must not add to it. */
  get textEncoderRuns(): number {
    return this.#parts.conditioner.textEncoderRuns;
  }

  /**
   * @throws InputError when the request is wrong.
   * @throws AbortedError when the signal is aborted or the pipeline is closed meanwhile.
   */
  paint(request: PaintRequest, options: PaintOptions = {}): Promise<PaintResult> {
    return this.#track(() => {
      const checked = checkPaintRequest(request, this.#parts.manifest);
      const signal = AbortSignal.any([this.#closing.signal, ...(options.signal ? [options.signal] : [])]);
      // Whoever comes first has waited for the loading.
      const loadMs = this.#pendingLoadMs;
      this.#pendingLoadMs = 0;
      return paintPictures(this.#parts, checked, options, signal, loadMs);
    });
  }

  /** @throws InputError, PictureTooLargeError */
  render(request: RenderRequest): Promise<RenderedPicture> {
    return this.#track(async () => {
      const { manifest } = this.#parts;
      checkRenderRequest(request, manifest);
      const pictures = [];
      for (const tokens of request.imageTokens) {
        pictures.push(toRgba(await this.#parts.decoder.decode(tokens)));
      }
      return renderPng(pictures, request.sizePx ?? manifest.decoder.imageSize, request.maxBytes);
    });
  }

  /** The phrases nearest to an uploaded picture. @throws InputError when it is none; BundleError without phrases. */
  describe(image: Uint8Array, count = 5): Promise<readonly Phrase[]> {
    return this.#track(async () => {
      if (!Number.isInteger(count) || count < 1 || count > MAX_PHRASES) {
        throw expected(`an integer from 1 to ${MAX_PHRASES}`, 'count', count);
      }
      const phrases = await this.#openPhrases();
      return phrases.nearest(await this.#embedUpload(image), count);
    });
  }

  /** The image embedding of an uploaded picture. @throws InputError when it is none. */
  embedImage(image: Uint8Array): Promise<Embedding> {
    return this.#track(async () => ({
      vector: await this.#embedUpload(image),
      bundle: bundleId(this.#parts.manifest),
    }));
  }

  /** Tokens [P × G] of an uploaded picture: what the bundle's encoder sees in it. @throws InputError */
  encodePicture(image: Uint8Array): Promise<Uint16Array> {
    return this.#track(async () => {
      const { encoder, imageEncoder } = this.#parts.manifest;
      const picture = fromRgba(await decodeUpload(image, encoder.imageSize), encoder.channels, imageEncoder.background);
      return new PictureEncoder(await this.#parts.sessions.get('encoder'), encoder).encode(picture);
    });
  }

  async summary(): Promise<BundleSummary> {
    const { name, version, licence, decoder, styles, sampling, metrics } = this.#parts.manifest;
    return {
      id: bundleId(this.#parts.manifest),
      checksum: createHash('sha256').update(JSON.stringify(this.#parts.manifest)).digest('hex'),
      name,
      version,
      licence,
      pictureSizePx: decoder.imageSize,
      styles: styles.map((style) => style.name),
      sampling,
      metrics,
    };
  }

  /** Cancels what is running, waits until it has stopped and frees the graphs. Later calls reject with AbortedError. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
    await this.#parts.sessions.release();
  }

  async #track<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing.signal.aborted) {
      throw new AbortedError('The pipeline is closed.');
    }
    // An async function: a synchronous InputError becomes a rejection too.
    const promise = (async () => work())();
    this.#running.add(promise);
    try {
      return await promise;
    } finally {
      this.#running.delete(promise);
    }
  }

  /** One at a time: a large picture takes hundreds of megabytes while it is decoded. */
  #embedUpload(image: Uint8Array): Promise<Float32Array> {
    const embedding = this.#lastUpload.then(() => this.#parts.conditioner.embedUpload(image));
    this.#lastUpload = embedding.catch(() => undefined);
    return embedding;
  }

  #openPhrases(): Promise<PhraseBook> {
    this.#phrases ??= PhraseBook.open(this.#parts.bundle).catch((error: unknown) => {
      this.#phrases = undefined;
      throw error;
    });
    return this.#phrases;
  }
}
