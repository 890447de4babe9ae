/** From a condition to ranked pictures: everything above the single graphs. */

import { AbortedError, expected } from '../errors.js';
import { type Bundle, verifyBundle } from './bundle.js';
import { PictureDecoder, PictureEncoder } from './codec.js';
import { Conditioner } from './condition.js';
import { cosine } from './embedding.js';
import { Generator } from './generate.js';
import type { RuntimeOptions } from './onnx.js';
import { PhraseBook } from './phrases.js';
import { readPicture } from './picture-input.js';
import { fromRgba, type PlanarPicture, toRgba } from './pixels.js';
import { encodePng } from './png.js';
import { type Drawing, PriorBatch } from './prior-batch.js';
import { candidateSeed } from './random.js';
import { layOutGrid, renderPng } from './render.js';
import { type CheckedRequest, checkPaintRequest, checkRenderRequest } from './request.js';
import { BundleSessions } from './sessions.js';
import { TextTokenizer } from './tokenizer.js';
import type {
  BundleSummary,
  PaintedPicture,
  Painter,
  PaintOptions,
  PaintRequest,
  PaintResult,
  Phrase,
  RenderedPicture,
  RenderRequest,
} from './types.js';
import { ImageEncoder } from './vision.js';

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

/** Where a request's stages begin and end on its progress bar. */
const PROGRESS = { encoded: 0.03, generated: 0.85, decoded: 0.95, ranked: 1 } as const;

/** The pieces that are there once the bundle is loaded. */
interface Parts {
  readonly bundle: Bundle;
  readonly sessions: BundleSessions;
  readonly conditioner: Conditioner;
  readonly generator: Generator;
  readonly decoder: PictureDecoder;
  readonly imageEncoder: ImageEncoder;
}

/**
 * Paints with one bundle, in this process: graphs run on the calling thread and block it while they do.
 *
 * Calls may overlap; the pictures of several requests then share the transformer's steps. The same request on the same
 * machine gives the same bytes, alone or in company.
 */
export class Pipeline implements Painter {
  private readonly closing = new AbortController();
  private readonly running = new Set<Promise<unknown>>();
  private phrases: Promise<PhraseBook> | undefined;
  private pendingLoadMs: number;

  private constructor(
    private readonly parts: Parts,
    /** How long `open` took. */
    readonly loadMs: number,
  ) {
    this.pendingLoadMs = loadMs;
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
      const [tokenizer, text, image, condition, step, depth, decoder] = await Promise.all([
        TextTokenizer.open(`${dir}/${textEncoder.tokenizer}`, textEncoder.contextLength, textEncoder.padTokenId),
        sessions.get('textEncoder'),
        sessions.get('imageEncoder'),
        sessions.get('condition'),
        sessions.get('step'),
        prior.depth === null ? undefined : sessions.get('depth'),
        sessions.get('decoder'),
      ]);
      if (options.signal?.aborted) throw new AbortedError();
      const imageEncoder = new ImageEncoder(image, manifest.imageEncoder, manifest.embeddingWidth);
      const pictureDecoder = new PictureDecoder(decoder, manifest.decoder, prior);
      const conditioner = new Conditioner(manifest, { tokenizer, text, condition, imageEncoder, pictureDecoder });
      const rowBytes = 2 * prior.layers * prior.heads * prior.positions * prior.headWidth * 4;
      const maxRows = Math.min(
        MAX_ROWS,
        Math.max(2, Math.floor((options.maxCacheBytes ?? DEFAULT_CACHE_BYTES) / rowBytes)),
      );
      const batch = new PriorBatch(prior, { step, depth }, await conditioner.nullRows(), maxRows);
      const parts = {
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
    return this.parts.conditioner.textEncoderRuns;
  }

  /**
   * @throws InputError when the request is wrong.
   * @throws AbortedError when the signal is aborted or the pipeline is closed meanwhile.
   */
  paint(request: PaintRequest, options: PaintOptions = {}): Promise<PaintResult> {
    return this.track(() => this.paintChecked(checkPaintRequest(request, this.parts.bundle.manifest), options));
  }

  /** @throws InputError, PictureTooLargeError */
  render(request: RenderRequest): Promise<RenderedPicture> {
    return this.track(async () => {
      const { manifest } = this.parts.bundle;
      checkRenderRequest(request, manifest);
      const pictures = [];
      for (const tokens of request.imageTokens) pictures.push(toRgba(await this.parts.decoder.decode(tokens)));
      return renderPng(pictures, request.sizePx ?? manifest.decoder.imageSize, request.maxBytes);
    });
  }

  /** The phrases nearest to an uploaded picture. @throws InputError when it is none; BundleError without phrases. */
  describe(image: Uint8Array, count = 5): Promise<readonly Phrase[]> {
    return this.track(async () => {
      if (!Number.isInteger(count) || count < 1 || count > MAX_PHRASES)
        throw expected(`an integer from 1 to ${MAX_PHRASES}`, 'count', count);
      const phrases = await this.openPhrases();
      return phrases.nearest(await this.parts.conditioner.embedUpload(image), count);
    });
  }

  /** The unit-norm image embedding of an uploaded picture. @throws InputError when it is none. */
  embedImage(image: Uint8Array): Promise<Float32Array> {
    return this.track(() => this.parts.conditioner.embedUpload(image));
  }

  /** Tokens [P × G] of an uploaded picture: what the bundle's encoder sees in it. @throws InputError */
  encodePicture(image: Uint8Array): Promise<Uint16Array> {
    return this.track(async () => {
      const { encoder, imageEncoder } = this.parts.bundle.manifest;
      const picture = fromRgba(await readPicture(image, encoder.imageSize), encoder.channels, imageEncoder.background);
      return new PictureEncoder(await this.parts.sessions.get('encoder'), encoder).encode(picture);
    });
  }

  async summary(): Promise<BundleSummary> {
    const { name, version, licence, decoder, styles, sampling, metrics } = this.parts.bundle.manifest;
    return {
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
    this.closing.abort();
    await Promise.allSettled(this.running);
    await this.parts.sessions.release();
  }

  private async track<T>(work: () => Promise<T>): Promise<T> {
    if (this.closing.signal.aborted) throw new AbortedError('The pipeline is closed.');
    // An async function: a synchronous InputError becomes a rejection too.
    const promise = (async () => work())();
    this.running.add(promise);
    try {
      return await promise;
    } finally {
      this.running.delete(promise);
    }
  }

  private async paintChecked(request: CheckedRequest, options: PaintOptions): Promise<PaintResult> {
    const { conditioner, imageEncoder } = this.parts;
    const { sampling, seed, count } = request;
    const signal = AbortSignal.any([this.closing.signal, ...(options.signal ? [options.signal] : [])]);
    const loadMs = this.pendingLoadMs;
    this.pendingLoadMs = 0;
    const clock = new StageClock();

    throwIfAborted(signal);
    const embedding = await conditioner.embed(request.condition, seed);
    const condition = await conditioner.rows(embedding);
    options.onProgress?.({ stage: 'encode', fraction: PROGRESS.encoded });
    const encodeMs = clock.lap();

    const seeds = Array.from({ length: sampling.candidateCount }, (_, index) => candidateSeed(seed, index));
    const tokens = await this.generate(request, seeds, condition, options, signal);
    const generateMs = clock.lap();

    const pictures: PlanarPicture[] = [];
    for (const one of tokens) {
      throwIfAborted(signal);
      pictures.push(await this.parts.decoder.decode(one));
      const share = pictures.length / tokens.length;
      const fraction = PROGRESS.generated + (PROGRESS.decoded - PROGRESS.generated) * share;
      options.onProgress?.({ stage: 'decode', fraction });
    }
    let decodeMs = clock.lap();

    throwIfAborted(signal);
    const fits = (await imageEncoder.embed(pictures)).map((own) => cosine(own, embedding));
    const best = fits.map((_, index) => index).sort((a, b) => (fits[b] ?? 0) - (fits[a] ?? 0) || a - b);
    const rankMs = clock.lap();

    const painted = await Promise.all(
      best.slice(0, count).map((index) => this.finish(pictures[index], tokens[index], seeds[index], fits[index])),
    );
    decodeMs += clock.lap();
    options.onProgress?.({ stage: 'rank', fraction: PROGRESS.ranked });
    const totalMs = loadMs + clock.totalMs();
    const timings = { loadMs, encodeMs, generateMs, decodeMs, rankMs, totalMs };
    return { embedding, sampling, pictures: painted, timings };
  }

  private generate(
    { sampling, count, previewEverySteps }: CheckedRequest,
    seeds: readonly number[],
    condition: Float32Array,
    options: PaintOptions,
    signal: AbortSignal,
  ): Promise<Uint16Array[]> {
    const { positions } = this.parts.bundle.manifest.prior;
    const specs = seeds.map((seed) => ({ condition, seed, settings: sampling }));
    let step = 0;
    return this.parts.generator.generate(specs, {
      signal,
      onStep: async ({ fraction, drawings }) => {
        step++;
        const isPreviewDue = previewEverySteps > 0 && step % previewEverySteps === 0 && step < positions;
        const preview = isPreviewDue && options.onProgress ? await this.preview(drawings.slice(0, count)) : undefined;
        options.onProgress?.({
          stage: 'generate',
          fraction: PROGRESS.encoded + (PROGRESS.generated - PROGRESS.encoded) * fraction,
          ...(preview === undefined ? {} : { preview }),
        });
      },
    });
  }

  /** The first pictures of a request as far as they are drawn. */
  private async preview(drawings: readonly (Drawing | undefined)[]): Promise<Uint8Array> {
    const pictures = [];
    for (const drawing of drawings)
      if (drawing !== undefined)
        pictures.push(toRgba(await this.parts.decoder.decodePartial(drawing.tokens, drawing.position)));
    return encodePng(layOutGrid(pictures));
  }

  private async finish(
    picture: PlanarPicture | undefined,
    imageTokens: Uint16Array | undefined,
    seed: number | undefined,
    fit: number | undefined,
  ): Promise<PaintedPicture> {
    if (picture === undefined || imageTokens === undefined || seed === undefined || fit === undefined)
      throw new RangeError('A candidate is missing.');
    return { seed, imageTokens, fit, png: await encodePng(toRgba(picture)) };
  }

  private openPhrases(): Promise<PhraseBook> {
    this.phrases ??= PhraseBook.open(this.parts.bundle).catch((error: unknown) => {
      this.phrases = undefined;
      throw error;
    });
    return this.phrases;
  }
}

/** Milliseconds since the last lap and since the start. */
class StageClock {
  private readonly startedAt = performance.now();
  private lapStartedAt = this.startedAt;

  lap(): number {
    const now = performance.now();
    const lapMs = now - this.lapStartedAt;
    this.lapStartedAt = now;
    return lapMs;
  }

  totalMs(): number {
    return performance.now() - this.startedAt;
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AbortedError();
}
