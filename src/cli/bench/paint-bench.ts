/** Four pictures, warm: total, each stage, tokens per second; and one row alone, for the comparison with the floor. */

import type { SamplingSettings } from '../../domain/sampling.js';
import type { Painter, PaintRequest, PaintTimings } from '../../painter/painter.js';
import type { BundleManifest } from '../../pipeline/bundle/bundle.js';
import { median } from './statistics.js';

export const BENCH_PROMPT = 'a happy fox with sunglasses';
const PICTURES = 4;

export interface PaintBench {
  readonly runs: number;
  readonly sampling: SamplingSettings;
  /** Medians over the runs, milliseconds. */
  readonly timings: Omit<PaintTimings, 'loadMs'>;
  /** Generating and decoding all candidates, PNG files included, in the best run: for the comparison with PyTorch. */
  readonly bestGenerateAndDecodeMs: number;
  /** Tokens of all candidates ÷ time to generate them. */
  readonly tokensPerSecond: number;
  /** One position of one row without guidance: step, further codes and sampling; milliseconds, the best run's mean. */
  readonly positionMs: number;
}

type Prior = Pick<BundleManifest['prior'], 'positions' | 'codesPerPosition'>;

/** Paints once to warm up, then `runs` times; every time with another seed. */
export async function benchPaint(painter: Painter, prior: Prior, runs: number): Promise<PaintBench> {
  const request = (seed: number): PaintRequest => ({
    condition: { kind: 'text', prompt: BENCH_PROMPT },
    count: PICTURES,
    seed,
  });
  const { sampling } = await painter.paint(request(0));
  const timings: PaintTimings[] = [];
  for (let seed = 1; seed <= runs; seed++) {
    timings.push((await painter.paint(request(seed))).timings);
  }
  const middle = (stage: keyof PaintTimings) => median(timings.map((timing) => timing[stage]));
  const tokens = sampling.candidateCount * prior.positions * prior.codesPerPosition;
  return {
    runs,
    sampling,
    timings: {
      encodeMs: middle('encodeMs'),
      generateMs: middle('generateMs'),
      decodeMs: middle('decodeMs'),
      rankMs: middle('rankMs'),
      totalMs: middle('totalMs'),
    },
    bestGenerateAndDecodeMs: Math.min(...timings.map(({ generateMs, decodeMs }) => generateMs + decodeMs)),
    tokensPerSecond: tokens / (middle('generateMs') / 1000),
    positionMs: await positionMs(painter, prior, runs),
  };
}

async function positionMs(painter: Painter, prior: Prior, runs: number): Promise<number> {
  const times: number[] = [];
  for (let seed = 0; seed <= runs; seed++) {
    const { timings } = await painter.paint({
      condition: { kind: 'text', prompt: BENCH_PROMPT },
      count: 1,
      seed,
      sampling: { candidateCount: 1, guidanceScale: 1 },
    });
    // The first one warms the one-row shapes up.
    if (seed > 0) {
      times.push(timings.generateMs / prior.positions);
    }
  }
  // Like the floor it is compared with: the best, which others at work on the machine disturb least.
  return Math.min(...times);
}
