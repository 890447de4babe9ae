/** One request on its way through the stages: encode, generate, decode, rank. */

import { AbortedError } from '../errors.js';
import type { BundleManifest } from './bundle-schema.js';
import type { PictureDecoder } from './codec.js';
import type { Conditioner } from './condition.js';
import { cosine } from './embedding.js';
import type { Generator } from './generate.js';
import { type PlanarPicture, toRgba } from './pixels.js';
import { encodePng } from './png.js';
import type { Drawing } from './prior-batch.js';
import { candidateSeed } from './random.js';
import { layOutGrid } from './render.js';
import type { CheckedRequest } from './request.js';
import type { PaintedPicture, PaintOptions, PaintResult } from './types.js';
import type { ImageEncoder } from './vision.js';

/** What painting needs of a loaded bundle. */
export interface PaintingParts {
  readonly manifest: BundleManifest;
  readonly conditioner: Conditioner;
  readonly generator: Generator;
  readonly decoder: PictureDecoder;
  readonly imageEncoder: ImageEncoder;
}

/** Where the stages end on a request's progress bar. */
const PROGRESS = { encoded: 0.03, generated: 0.85, decoded: 0.95, ranked: 1 } as const;

interface Candidate {
  readonly index: number;
  readonly seed: number;
  readonly imageTokens: Uint16Array;
  readonly picture: PlanarPicture;
}

/**
 * Paints a checked request.
 *
 * @param loadMs What this request has waited for the bundle; counted in its total.
 * @throws AbortedError between two steps, pictures or stages after `signal` is aborted; InputError for a bad upload.
 */
export async function paintPictures(
  parts: PaintingParts,
  request: CheckedRequest,
  options: PaintOptions,
  signal: AbortSignal,
  loadMs: number,
): Promise<PaintResult> {
  const { sampling, seed, count } = request;
  const clock = new StageClock();

  throwIfAborted(signal);
  const embedding = await parts.conditioner.embed(request.condition, seed);
  const condition = await parts.conditioner.rows(embedding);
  options.onProgress?.({ stage: 'encode', fraction: PROGRESS.encoded });
  const encodeMs = clock.lap();

  await parts.decoder.rest();
  const seeds = Array.from({ length: sampling.candidateCount }, (_, index) => candidateSeed(seed, index));
  const tokens = await generateTokens(parts, request, seeds, condition, options, signal);
  const generateMs = clock.lap();

  const candidates: Candidate[] = [];
  for (const [index, imageTokens] of tokens.entries()) {
    throwIfAborted(signal);
    const picture = await parts.decoder.decode(imageTokens);
    candidates.push({ index, seed: seeds[index] ?? seed, imageTokens, picture });
    const share = candidates.length / tokens.length;
    const fraction = PROGRESS.generated + (PROGRESS.decoded - PROGRESS.generated) * share;
    options.onProgress?.({ stage: 'decode', fraction });
  }
  const decodeMs = clock.lap();

  throwIfAborted(signal);
  const embeddings = await parts.imageEncoder.embed(candidates.map(({ picture }) => picture));
  const ranked = candidates
    .map((candidate) => ({ ...candidate, fit: cosine(embeddings[candidate.index] ?? [], embedding) }))
    .sort((a, b) => b.fit - a.fit || a.index - b.index);
  const rankMs = clock.lap();

  const pictures = await Promise.all(ranked.slice(0, count).map(finish));
  const pngMs = clock.lap();
  options.onProgress?.({ stage: 'rank', fraction: PROGRESS.ranked });
  const totalMs = loadMs + clock.totalMs();
  const timings = { loadMs, encodeMs, generateMs, decodeMs: decodeMs + pngMs, rankMs, totalMs };
  return { embedding, sampling, pictures, timings };
}

function generateTokens(
  parts: PaintingParts,
  { sampling, count, previewEverySteps }: CheckedRequest,
  seeds: readonly number[],
  condition: Float32Array,
  options: PaintOptions,
  signal: AbortSignal,
): Promise<Uint16Array[]> {
  const { positions } = parts.manifest.prior;
  let step = 0;
  return parts.generator.generate(
    seeds.map((seed) => ({ condition, seed, settings: sampling })),
    {
      signal,
      onStep: async ({ fraction, drawings }) => {
        step++;
        const isPreviewDue = previewEverySteps > 0 && step % previewEverySteps === 0 && step < positions;
        const preview =
          isPreviewDue && options.onProgress ? await paintPreview(parts.decoder, drawings.slice(0, count)) : undefined;
        options.onProgress?.({
          stage: 'generate',
          fraction: PROGRESS.encoded + (PROGRESS.generated - PROGRESS.encoded) * fraction,
          ...(preview === undefined ? {} : { preview }),
        });
      },
    },
  );
}

/** The first pictures of a request as far as they are drawn, as one PNG. */
async function paintPreview(decoder: PictureDecoder, drawings: readonly (Drawing | undefined)[]): Promise<Uint8Array> {
  const pictures = [];
  for (const drawing of drawings)
    if (drawing !== undefined) pictures.push(toRgba(await decoder.decodePartial(drawing.tokens, drawing.position)));
  return encodePng(layOutGrid(pictures));
}

async function finish({ picture, imageTokens, seed, fit }: Candidate & { fit: number }): Promise<PaintedPicture> {
  return { seed, imageTokens, fit, png: await encodePng(toRgba(picture)) };
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
