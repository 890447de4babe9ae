/** What the pipeline's tests share: the committed random bundles, copies of them to damage, and their golden files. */

import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { PaintedPicture, Painter } from '../../src/painter/painter.js';
import { type BundleManifest, readManifest } from '../../src/pipeline/bundle/bundle.js';
import { floatsOf, floatTensor, type RuntimeOptions, Session } from '../../src/pipeline/bundle/onnx.js';
import { Pipeline, type PipelineOptions } from '../../src/pipeline/pipeline.js';
import { PriorBatch } from '../../src/pipeline/prior/batch.js';

const fixtures = join(import.meta.dirname, '..', 'fixtures');

/** Grid 4×4, two codes per position, alpha, calibration, phrases; the step returns its whole caches. */
export const TINY = join(fixtures, 'tiny-bundle');
/** The same with a memory of four things. */
export const TINY_MEMORY = join(fixtures, 'tiny-bundle-memory');
/** One code per position, no alpha, no phrases; the step returns new rows. */
export const TINY_RGB = join(fixtures, 'tiny-bundle-rgb');

export const CPU: RuntimeOptions = { provider: 'cpu', threads: 1 };

const goldenSchema = z.object({
  prompt: z.string(),
  inputIds: z.array(z.int()),
  embedding: z.array(z.number()),
  greedy: z.object({ tokens: z.array(z.array(z.int())), logits: z.string() }),
  guided: z.object({ scale: z.number(), tokens: z.array(z.array(z.int())), logits: z.string() }),
  pixels: z.string(),
  pictureEmbedding: z.array(z.number()),
});

export async function readGolden(dir: string) {
  return goldenSchema.parse(JSON.parse(await readFile(join(dir, 'golden.json'), 'utf8')));
}

/** Little-endian float32 in base64. */
export function unpack(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** A pipeline that is closed when the test ends. */
export async function openPipeline(bundleDir = TINY, options: Partial<PipelineOptions> = {}): Promise<Pipeline> {
  const pipeline = await Pipeline.open({ ...CPU, bundleDir, ...options });
  onTestFinished(() => pipeline.close());
  return pipeline;
}

/** A copy of a bundle to damage, in a folder of its own. */
export async function copyBundle(dir = TINY): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-bundle-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const copy = join(folder, 'bundle');
  await cp(dir, copy, { recursive: true });
  return copy;
}

/** Rewrites a bundle's description; its checksums are left as they are. */
export async function editManifest(dir: string, edit: (manifest: Record<string, unknown>) => void): Promise<void> {
  const path = join(dir, 'bundle.json');
  const manifest = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(path, 'utf8')));
  edit(manifest);
  await writeFile(path, JSON.stringify(manifest));
}

/** Replaces a file and lists the new one's length and checksum, as an author would. */
export async function replaceFile(dir: string, name: string, bytes: Uint8Array): Promise<void> {
  await writeFile(join(dir, name), bytes);
  await editManifest(dir, (manifest) => {
    const files = z.record(z.string(), z.unknown()).parse(manifest.files);
    files[name] = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
    manifest.files = files;
  });
}

export interface PriorFixture {
  readonly manifest: BundleManifest;
  readonly batch: (maxRows?: number) => PriorBatch;
  /** Conditioning vectors of an embedding. */
  readonly conditionOf: (embedding: ArrayLike<number>) => Promise<Float32Array>;
}

/** The prior alone, without text, pictures or requests. */
export async function openPrior(dir: string): Promise<PriorFixture> {
  const manifest = await readManifest(dir);
  const { prior, embeddingWidth } = manifest;
  const open = (name: string) => Session.open(join(dir, name), CPU);
  const [step, condition] = await Promise.all([open(prior.step), open(prior.condition)]);
  const depth = prior.depth === null ? undefined : await open(prior.depth);
  const conditionOf = async (embedding: ArrayLike<number>) =>
    floatsOf(
      await condition.run({ embedding: floatTensor(Float32Array.from(embedding), [1, embeddingWidth]) }),
      'condition',
    );
  const nullCondition = await conditionOf(new Float32Array(embeddingWidth));
  onTestFinished(async () => {
    for (const session of [step, condition, depth]) {
      await session?.release();
    }
  });
  return {
    manifest,
    conditionOf,
    batch: (maxRows = 32) => new PriorBatch(prior, { step, depth }, nullCondition, maxRows),
  };
}

/** The PNG of a painted picture at the bundle's own size. */
export async function pngOf(
  painter: Pick<Painter, 'render'>,
  picture: PaintedPicture | undefined,
): Promise<Uint8Array> {
  return (await painter.render({ imageTokens: [picture?.imageTokens ?? new Uint16Array()] })).png;
}
