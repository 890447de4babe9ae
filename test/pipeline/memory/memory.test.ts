/** A bundle with a memory, through real graphs: what pictures lean on, and what of it survives into rerolls. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BundleError } from '../../../src/domain/errors.js';
import type { PaintResult } from '../../../src/painter/painter.js';
import { readManifest } from '../../../src/pipeline/bundle/bundle.js';
import { Memory } from '../../../src/pipeline/memory/memory.js';
import { copyBundle, editManifest, openPipeline, TINY, TINY_MEMORY } from '../support.js';

const text = (prompt: string, style?: string) => ({
  condition: { kind: 'text' as const, prompt, ...(style === undefined ? {} : { style }) },
  count: 4,
  seed: 7,
});
const namesIn = (result: PaintResult) =>
  result.pictures.map(({ condition }) => condition?.sources.map(({ name }) => name.replace(/-(3d|flat)$/, '')).sort());
const tokensIn = (result: PaintResult) => result.pictures.map(({ imageTokens }) => [...imageTokens]);

describe('a prompt that the memory understands', () => {
  test('is painted from pictures of its thing, each with a guide', async () => {
    const result = await (await openPipeline(TINY_MEMORY)).paint(text('a fox'));
    expect(namesIn(result)).toEqual([['fox'], ['fox'], ['fox'], ['fox']]);
    expect(result.words).toEqual({ understood: [expect.stringContaining('fox')], unknown: [] });
    for (const { condition } of result.pictures) {
      expect(condition?.guideTokens).toHaveLength(32);
      expect(condition?.sources[0]).toEqual({
        name: expect.stringMatching(/^fox-(3d|flat)$/),
        set: 'random-numbers',
        author: 'numpy',
        licence: 'CC0-1.0',
      });
    }
  });

  test('in a style leans on pictures of that style alone', async () => {
    const pipeline = await openPipeline(TINY_MEMORY);
    const stylesOf = async (style?: string) => {
      const { pictures } = await pipeline.paint({ ...text('a fox', style), count: 6 });
      return new Set(pictures.flatMap(({ condition }) => condition?.sources.map(({ name }) => name)));
    };
    expect(await stylesOf()).toEqual(new Set(['fox-3d', 'fox-flat']));
    expect(await stylesOf('3d')).toEqual(new Set(['fox-3d']));
  });

  test('with several things leans on each of them', async () => {
    const result = await (await openPipeline(TINY_MEMORY)).paint(text('a fox and the moon'));
    for (const names of namesIn(result)) {
      expect(names).toEqual(['fox', 'moon']);
    }
  });

  test('with what is worn leans on that too', async () => {
    const result = await (await openPipeline(TINY_MEMORY)).paint(text('🦊🎩'));
    for (const names of namesIn(result)) {
      expect(names).toEqual(['fox', 'hat']);
    }
  });

  test('gives the same tokens for the same seed, and others for another', async () => {
    const pipeline = await openPipeline(TINY_MEMORY);
    const request = text('two red apples');
    const first = await pipeline.paint(request);
    expect(tokensIn(await pipeline.paint(request))).toEqual(tokensIn(first));
    expect(tokensIn(await pipeline.paint({ ...request, seed: 8 }))).not.toEqual(tokensIn(first));
  });

  test('with few pictures of its thing moves each, so that no two start from the same', async () => {
    const { pictures } = await (await openPipeline(TINY_MEMORY)).paint(text('a fox', '3d'));
    expect(new Set(pictures.map(({ condition }) => condition?.guideTokens?.join())).size).toBe(4);
  });

  test('shows a picture of each that it leans on before one leans on the same again', async () => {
    const { pictures } = await (await openPipeline(TINY_MEMORY)).paint({ ...text('a fox'), count: 2 });
    expect(new Set(pictures.map(({ condition }) => condition?.guideTokens?.join())).size).toBe(2);
  });
});

test('a prompt that nothing is known of goes by CLIP alone, and says which words', async () => {
  const pipeline = await openPipeline(TINY_MEMORY);
  const result = await pipeline.paint(text('zzqx'));
  expect(result.words?.unknown).toEqual(['zzqx']);
  expect(result.pictures.every(({ condition }) => condition === undefined)).toBe(true);
  const plain = await (await openPipeline(TINY)).paint(text('zzqx'));
  expect(tokensIn(result)).toEqual(tokensIn(plain));
});

describe('rerolls and variations', () => {
  test('a reroll paints from what its pictures were painted from, in turns, and reads no word', async () => {
    const pipeline = await openPipeline(TINY_MEMORY);
    const first = await pipeline.paint(text('a fox and the moon'));
    const runs = pipeline.textEncoderRuns;
    const conditions = first.pictures.flatMap(({ condition }) => (condition ? [condition] : []));
    const again = await pipeline.paint({
      condition: { kind: 'embedding', embedding: first.embedding, pictures: conditions },
      count: 4,
      seed: 99,
    });
    expect(pipeline.textEncoderRuns).toBe(runs);
    expect(again.words).toBeUndefined();
    expect(namesIn(again)).toEqual(namesIn(first));
    for (const { condition } of again.pictures) {
      expect(conditions.some(({ guideTokens }) => guideTokens?.join() === condition?.guideTokens?.join())).toBe(true);
    }
    expect(tokensIn(again)).not.toEqual(tokensIn(first));
  });

  test('a variation is drawn towards its picture, and thanks the same artists', async () => {
    const pipeline = await openPipeline(TINY_MEMORY);
    const first = await pipeline.paint(text('a fox'));
    const [picture] = first.pictures;
    const { imageTokens, condition } = picture ?? expect.fail('no picture');
    const { embedding: vector, sources } = condition ?? expect.fail('no condition');
    const embedding = { vector, bundle: first.embedding.bundle };
    const alike = async (strength: 'subtle' | 'strong') => {
      const request = {
        condition: { kind: 'variation' as const, embedding, imageTokens, strength, sources },
        count: 4,
        seed: 3,
      };
      const result = await pipeline.paint({ ...request, sampling: { guidanceScale: 1 } });
      for (const made of result.pictures) {
        expect(made.condition?.sources).toEqual(sources);
      }
      return result.pictures.flatMap((made) =>
        [...made.imageTokens].map((token, i) => Number(token === imageTokens[i])),
      );
    };
    const share = (hits: number[]) => hits.reduce((sum, hit) => sum + hit, 0) / hits.length;
    const subtle = share(await alike('subtle'));
    expect(subtle).toBeGreaterThan(0.1); // by chance 1 of 64
    expect(subtle).toBeGreaterThan(share(await alike('strong')));
  });

  test('a guide of another length is refused', async () => {
    const pipeline = await openPipeline(TINY_MEMORY);
    const { embedding } = await pipeline.paint(text('a fox'));
    const wrong = { embedding: embedding.vector, guideTokens: new Uint16Array(3), sources: [] };
    await expect(
      pipeline.paint({ condition: { kind: 'embedding', embedding, pictures: [wrong] }, count: 1, seed: 1 }),
    ).rejects.toThrow(/32 tokens/);
  });

  test('conditions that another bundle stored are painted without a memory too', async () => {
    const pipeline = await openPipeline(TINY);
    const { embedding } = await pipeline.paint(text('a fox'));
    const pictures = [{ embedding: embedding.vector, guideTokens: new Uint16Array(32), sources: [] }];
    const guided = await pipeline.paint({ condition: { kind: 'embedding', embedding, pictures }, count: 2, seed: 1 });
    const plain = await pipeline.paint({ condition: { kind: 'embedding', embedding }, count: 2, seed: 1 });
    expect(tokensIn(guided)).toEqual(tokensIn(plain));
  });
});

describe('a damaged memory is refused by name', () => {
  const open = async (dir: string) => Memory.open({ dir, manifest: await readManifest(dir) });

  test.each([
    ['memory-tokens.u16', /memory-tokens\.u16/],
    ['memory-embeddings.i8', /memory-embeddings\.i8/],
    ['memory-phrases.i8', /memory-phrases\.i8/],
  ])('%s cut short', async (file, message) => {
    const dir = await copyBundle(TINY_MEMORY);
    await writeFile(join(dir, file), (await readFile(join(dir, file))).subarray(1));
    await expect(open(dir)).rejects.toThrow(message);
  });

  test('an index with a picture that is not there', async () => {
    const dir = await copyBundle(TINY_MEMORY);
    const index = JSON.parse(await readFile(join(dir, 'memory.json'), 'utf8'));
    index.things[0].pictures = [800];
    await writeFile(join(dir, 'memory.json'), JSON.stringify(index));
    await expect(open(dir)).rejects.toThrow(BundleError);
  });

  test('another number of things than bundle.json says', async () => {
    const dir = await copyBundle(TINY_MEMORY);
    await editManifest(dir, (manifest) => {
      Object.assign(manifest.memory as object, { thingCount: 5 });
    });
    await expect(open(dir)).rejects.toThrow(/5 things/);
  });
});

test('a memory’s rows are unit vectors', async () => {
  const memory = await Memory.open({ dir: TINY_MEMORY, manifest: await readManifest(TINY_MEMORY) });
  const { embedding, tokens, style } = memory?.picture(3) ?? expect.fail('no memory');
  expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
  expect(tokens).toHaveLength(32);
  expect(style).toBe('flat');
  expect(() => memory?.picture(8)).toThrow(RangeError);
});
