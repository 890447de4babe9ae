/** One request on its way through the stages: encode, generate, decode, rank. */

import { AbortedError } from '../domain/errors.js';
import type { PictureCondition } from '../domain/picture.js';
import type { PaintedPicture, PaintOptions, PaintResult } from '../painter/painter.js';
import { type BundleManifest, bundleId } from './bundle/schema.js';
import type { Conditioner, Conditions } from './condition.js';
import { cosine } from './embedding.js';
import type { PictureDecoder } from './picture/codec.js';
import { type PlanarPicture, toRgba } from './picture/pixels.js';
import { encodePng } from './picture/png.js';
import { layOutGrid } from './picture/render.js';
import type { ImageEncoder } from './picture/vision.js';
import type { Drawing, PictureSpec } from './prior/batch.js';
import type { Generator } from './prior/generate.js';
import { candidateSeed } from './prior/random.js';
import type { CheckedRequest } from './request.js';

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
  /** What it was painted from, where that is not the request's one embedding. */
  readonly condition: PictureCondition | undefined;
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
  const seeds = Array.from({ length: sampling.candidateCount }, (_, index) => candidateSeed(seed, index));
  const conditions = await parts.conditioner.conditionsOf(request.condition, seed, seeds, signal);
  const specs = await specsOf(parts, request, seeds, conditions);
  options.onProgress?.({ stage: 'encode', fraction: PROGRESS.encoded });
  const encodeMs = clock.lap();

  await parts.decoder.rest();
  const tokens = await generateTokens(parts, request, specs, options, signal);
  const generateMs = clock.lap();

  const candidates: Candidate[] = [];
  for (const [index, imageTokens] of tokens.entries()) {
    throwIfAborted(signal);
    const picture = await parts.decoder.decode(imageTokens);
    candidates.push({
      index,
      seed: seeds[index] ?? seed,
      imageTokens,
      picture,
      condition: conditions.pictures?.[index],
    });
    const share = candidates.length / tokens.length;
    const fraction = PROGRESS.generated + (PROGRESS.decoded - PROGRESS.generated) * share;
    options.onProgress?.({ stage: 'decode', fraction });
  }
  const decodeMs = clock.lap();

  throwIfAborted(signal);
  const embeddings = await parts.imageEncoder.embed(candidates.map(({ picture }) => picture));
  const ranked = candidates
    .map((candidate) => {
      const wanted = candidate.condition?.embedding ?? conditions.embedding;
      return { ...candidate, fit: cosine(embeddings[candidate.index] ?? [], wanted) };
    })
    .sort((a, b) => b.fit - a.fit || a.index - b.index);
  const rankMs = clock.lap();

  const pictures = takeTurns(ranked, count).map(painted);
  options.onProgress?.({ stage: 'rank', fraction: PROGRESS.ranked });
  const totalMs = loadMs + clock.totalMs();
  const timings = { loadMs, encodeMs, generateMs, decodeMs, rankMs, totalMs };
  const { words } = conditions;
  const embedding = { vector: conditions.embedding, bundle: bundleId(parts.manifest) };
  return { embedding, sampling, ...(words === undefined ? {} : { words }), pictures, timings };
}

/** One a seed: what the prior has to know of each candidate. */
async function specsOf(
  { conditioner, manifest }: PaintingParts,
  { sampling }: CheckedRequest,
  seeds: readonly number[],
  { embedding, pictures }: Conditions,
): Promise<readonly PictureSpec[]> {
  // Candidates often share a condition; its rows are made once.
  const rows = new Map<Float32Array, Float32Array>();
  const specs = [];
  for (const [index, seed] of seeds.entries()) {
    const own = pictures?.[index]?.embedding ?? embedding;
    const condition = rows.get(own) ?? (await conditioner.rows(own));
    rows.set(own, condition);
    const { guideTokens: tokens, guidePull: pull = manifest.memory?.guidance.pull ?? 0 } = pictures?.[index] ?? {};
    specs.push({ condition, seed, settings: sampling, guide: tokens && { tokens, pull } });
  }
  return specs;
}

/**
 * The first `count` of the ranked candidates, but one a condition before any has two: pictures that lean on the same are
 * all alike, and whoever asks for four wants to choose. Best fit first.
 */
function takeTurns<T extends { readonly condition: PictureCondition | undefined; readonly fit: number }>(
  ranked: readonly T[],
  count: number,
): readonly T[] {
  const turns = new Map<PictureCondition | undefined, number>();
  const withTurn = ranked.map((candidate) => {
    const turn = candidate.condition === undefined ? 0 : (turns.get(candidate.condition) ?? 0);
    turns.set(candidate.condition, turn + 1);
    return { candidate, turn };
  });
  return withTurn
    .sort((a, b) => a.turn - b.turn)
    .slice(0, count)
    .map(({ candidate }) => candidate)
    .sort((a, b) => b.fit - a.fit);
}

function generateTokens(
  parts: PaintingParts,
  { count, previewEverySteps }: CheckedRequest,
  specs: readonly PictureSpec[],
  options: PaintOptions,
  signal: AbortSignal,
): Promise<Uint16Array[]> {
  const { positions } = parts.manifest.prior;
  let step = 0;
  return parts.generator.generate(specs, {
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
  });
}

/** The first pictures of a request as far as they are drawn, as one PNG. */
async function paintPreview(decoder: PictureDecoder, drawings: readonly (Drawing | undefined)[]): Promise<Uint8Array> {
  const pictures = [];
  for (const drawing of drawings) {
    if (drawing !== undefined) {
      pictures.push(toRgba(await decoder.decodePartial(drawing.tokens, drawing.position)));
    }
  }
  return encodePng(layOutGrid(pictures));
}

function painted({ imageTokens, seed, fit, condition }: Candidate & { readonly fit: number }): PaintedPicture {
  return { seed, imageTokens, fit, ...(condition === undefined ? {} : { condition }) };
}

/** Milliseconds since the last lap and since the start. */
class StageClock {
  readonly #startedAt = performance.now();
  #lapStartedAt = this.#startedAt;

  lap(): number {
    const now = performance.now();
    const lapMs = now - this.#lapStartedAt;
    this.#lapStartedAt = now;
    return lapMs;
  }

  totalMs(): number {
    return performance.now() - this.#startedAt;
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new AbortedError();
  }
}
