/**
 * One process that paints with a full-size bundle and prints one line of JSON; `paper.ts` starts it, so that its memory
 * is its own.
 *
 *   paper-paint.js <bundle> four                four pictures: time per stage, and the most memory it ever held
 *   paper-paint.js <bundle> curves 1,2,4,8,16   pictures of one request, then as many requests of one picture each
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { PaintResult, PaintTimings } from '../src/painter/painter.js';
import { Pipeline } from '../src/pipeline/pipeline.js';
import { PICTURES } from './paper-report.js';

const PROMPT = 'a red fox in front of a mountain';
/** As the published sampling, but every picture is kept. */
const SAMPLING = { temperature: 1, topK: 500, topP: 0.95, guidanceScale: 1 };

export interface FourPictures {
  readonly timings: PaintTimings;
  /** Most memory the process has ever held, another four pictures later, bytes; Linux only, 0 elsewhere. */
  readonly peakBytes: number;
  /** The second picture painted alone has the tokens that it has in the company of three others. */
  readonly sameAlone: boolean;
}

export interface CurvePoint {
  readonly count: number;
  readonly totalMs: number;
  readonly generateMs: number;
}

export interface Curves {
  readonly pictures: readonly CurvePoint[];
  /** So many members asked at the same time for one picture each: until the last one has it. */
  readonly requests: readonly CurvePoint[];
}

function paint(pipeline: Pipeline, count: number, seed: number): Promise<PaintResult> {
  const sampling = { ...SAMPLING, candidateCount: count };
  return pipeline.paint({ condition: { kind: 'text', prompt: PROMPT }, count, seed, sampling });
}

async function fourPictures(pipeline: Pipeline): Promise<FourPictures> {
  const { timings, pictures } = await paint(pipeline, PICTURES, 1);
  // What a first request leaves behind is there while the second one is painted.
  await paint(pipeline, PICTURES, 2);
  const peakBytes = peakMemoryBytes();
  // The first picture of a request is painted with the request's own seed.
  const first = (await paint(pipeline, 1, 1)).pictures[0];
  const inCompany = pictures.find(({ seed }) => seed === first?.seed);
  return { timings, peakBytes, sameAlone: first?.imageTokens.join() === inCompany?.imageTokens.join() };
}

async function curves(pipeline: Pipeline, counts: readonly number[]): Promise<Curves> {
  const pictures: CurvePoint[] = [];
  const requests: CurvePoint[] = [];
  for (const count of counts) {
    const { timings } = await paint(pipeline, count, count);
    pictures.push({ count, totalMs: timings.totalMs - timings.loadMs, generateMs: timings.generateMs });
    const startedAt = performance.now();
    const results = await Promise.all(Array.from({ length: count }, (_, seed) => paint(pipeline, 1, seed)));
    const generateMs = Math.max(...results.map((result) => result.timings.generateMs));
    requests.push({ count, totalMs: performance.now() - startedAt, generateMs });
  }
  return { pictures, requests };
}

function peakMemoryBytes(): number {
  try {
    const match = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
    return Number(match?.[1] ?? 0) * 1024;
  } catch {
    return 0; // No Linux.
  }
}

const { values, positionals } = parseArgs({
  options: { threads: { type: 'string', default: '2' } },
  allowPositionals: true,
});
const [bundleDir = '', what = 'four', counts = '1,2,4,8,16'] = positionals;
const pipeline = await Pipeline.open({ bundleDir, provider: 'cpu', threads: Number(values.threads) });
const result = what === 'four' ? await fourPictures(pipeline) : await curves(pipeline, counts.split(',').map(Number));
process.stdout.write(`${JSON.stringify(result)}\n`);
await pipeline.close();
