import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { PaintProgress, PaintRequest, PaintResult } from '../../src/painter/painter.js';
import { PictureDecoder } from '../../src/pipeline/picture/codec.js';
import { decodeRgba } from '../../src/pipeline/picture/png.js';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { PriorBatch } from '../../src/pipeline/prior/batch.js';
import { Generator } from '../../src/pipeline/prior/generate.js';
import { CPU, openPipeline, pngOf, readGolden, TINY, TINY_RGB, unpack } from './support.js';

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await Pipeline.open({ ...CPU, bundleDir: TINY });
});
afterAll(() => pipeline.close());

const fox: PaintRequest = { condition: { kind: 'text', prompt: 'a happy fox' }, count: 4, seed: 7 };
const length = (vector: Float32Array) => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
const digest = (result: PaintResult) =>
  result.pictures.map(({ imageTokens }) => createHash('sha256').update(imageTokens).digest('hex')).join();
const tiny = (vector: Float32Array) => ({ vector, bundle: 'tiny@1.0.0' });
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'bad_input', message: expect.stringMatching(message) });

describe('paint', () => {
  test('agrees with the reference from the words to the picture and its fit', async () => {
    const rgb = await openPipeline(TINY_RGB); // Without calibration: the embedding is the text encoder's own.
    const golden = await readGolden(TINY_RGB);
    const { embedding, pictures } = await rgb.paint({
      condition: { kind: 'text', prompt: `  ${golden.prompt.toUpperCase()}\n` },
      count: 1,
      seed: 0,
      sampling: { temperature: 0, guidanceScale: golden.guided.scale, candidateCount: 1 },
    });
    for (const [i, wanted] of golden.embedding.entries()) {
      expect(embedding.vector[i]).toBeCloseTo(wanted, 5);
    }
    const [picture] = pictures;
    expect([...(picture?.imageTokens ?? [])]).toEqual(golden.guided.tokens.flat());
    const pixels = unpack(golden.pixels);
    const { data, width } = await decodeRgba(await pngOf(rgb, picture));
    expect(width).toBe(32);
    let worst = 0;
    for (let i = 0; i < 32 * 32; i++) {
      for (let channel = 0; channel < 3; channel++) {
        worst = Math.max(worst, Math.abs((data[4 * i + channel] ?? 0) - 255 * (pixels[channel * 1024 + i] ?? 0)));
      }
    }
    expect(worst).toBeLessThan(0.51);
    const fit = golden.pictureEmbedding.reduce((sum, value, i) => sum + value * (golden.embedding[i] ?? 0), 0);
    expect(picture?.fit).toBeCloseTo(fit, 4);
  });

  test('the memory of the decoder and that of the cache are not held at the same time', async () => {
    onTestFinished(() => void vi.restoreAllMocks());
    const decoderRests = vi.spyOn(PictureDecoder.prototype, 'rest');
    const generates = vi.spyOn(Generator.prototype, 'generate');
    const cacheRests = vi.spyOn(PriorBatch.prototype, 'rest');
    const decodes = vi.spyOn(PictureDecoder.prototype, 'decode');
    await pipeline.paint(fox);
    const order = [decoderRests, generates, cacheRests, decodes].map((spy) => spy.mock.invocationCallOrder[0] ?? 0);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
    expect(cacheRests).toHaveBeenCalledOnce();
  });

  test('with alpha: the picture is laid on the background before it is compared, straight alpha in the PNG', async () => {
    const golden = await readGolden(TINY);
    const { pictures, embedding } = await pipeline.paint({
      condition: { kind: 'embedding', embedding: tiny(Float32Array.from(golden.embedding)) },
      count: 1,
      seed: 0,
      sampling: { temperature: 0, guidanceScale: golden.guided.scale, candidateCount: 1 },
    });
    const [picture] = pictures;
    expect([...(picture?.imageTokens ?? [])]).toEqual(golden.guided.tokens.flat());
    const fit = golden.pictureEmbedding.reduce((sum, value, i) => sum + value * (embedding.vector[i] ?? 0), 0);
    expect(picture?.fit).toBeCloseTo(fit, 4);
    const pixels = unpack(golden.pixels);
    const { data } = await decodeRgba(await pngOf(pipeline, picture));
    let [worstAlpha, worstRed] = [0, 0];
    for (let i = 0; i < 1024; i++) {
      const alpha = pixels[3 * 1024 + i] ?? 0;
      const isNothing = alpha * 255 < 8.5; // Noise is left out, and what is nearly opaque is opaque.
      const isAll = alpha * 255 >= 246.5;
      const wantedAlpha = isNothing ? 0 : isAll ? 255 : 255 * alpha;
      const wantedRed = isNothing ? 0 : (255 * (pixels[i] ?? 0)) / alpha;
      worstAlpha = Math.max(worstAlpha, Math.abs((data[4 * i + 3] ?? 0) - wantedAlpha));
      worstRed = Math.max(worstRed, Math.abs((data[4 * i] ?? 0) - wantedRed));
    }
    expect(worstAlpha).toBeLessThan(0.51);
    expect(worstRed).toBeLessThan(0.51);
  });

  test('the best of the candidates, best first, each different, with a unit embedding and timings', async () => {
    const result = await pipeline.paint({ ...fox, count: 3, sampling: { candidateCount: 9 } });
    const all = await pipeline.paint({ ...fox, count: 9, sampling: { candidateCount: 9 } });
    const fits = result.pictures.map(({ fit }) => fit);
    expect(fits).toEqual([...fits].sort((a, b) => b - a));
    expect(fits).toEqual(all.pictures.slice(0, 3).map(({ fit }) => fit));
    expect(new Set(all.pictures.map(({ imageTokens }) => imageTokens.join())).size).toBe(9);
    expect(length(result.embedding.vector)).toBeCloseTo(1, 5);
    expect(result.sampling).toEqual({ temperature: 1, topK: 32, topP: 0.95, guidanceScale: 2, candidateCount: 9 });
    const { loadMs, encodeMs, generateMs, decodeMs, rankMs, totalMs } = result.timings;
    expect(totalMs).toBeGreaterThanOrEqual(loadMs + encodeMs + generateMs + decodeMs + rankMs - 0.01);
  });

  test('the first request of a pipeline pays for its loading, later ones do not', async () => {
    const fresh = await openPipeline();
    const [first, second] = [await fresh.paint(fox), await fresh.paint(fox)];
    expect(first.timings.loadMs).toBe(fresh.loadMs);
    expect(first.timings.loadMs).toBeGreaterThan(0);
    expect(second.timings.loadMs).toBe(0);
  });

  test('the same request gives the same bytes: again, beside another one, and in another pipeline', async () => {
    const wanted = digest(await pipeline.paint(fox));
    const other: PaintRequest = { condition: { kind: 'text', prompt: 'a blue car' }, count: 2, seed: 99 };
    const [again, beside] = await Promise.all([
      pipeline.paint(fox),
      pipeline.paint({ ...other, sampling: { guidanceScale: 1, topK: 5 } }),
    ]);
    expect(digest(again)).toBe(wanted);
    expect(digest(beside)).toBe(digest(await pipeline.paint({ ...other, sampling: { guidanceScale: 1, topK: 5 } })));
    // A cache that holds two pictures at a time, and two threads.
    const small = await openPipeline(TINY, { maxCacheBytes: 1, threads: 2 });
    expect(digest(await small.paint(fox))).toBe(wanted);
    expect(digest(await pipeline.paint({ ...fox, seed: 8 }))).not.toBe(wanted);
  });

  test("a picture's own seed paints that picture alone", async () => {
    const { pictures } = await pipeline.paint(fox);
    for (const { seed, imageTokens, fit } of pictures) {
      const again = await pipeline.paint({ ...fox, seed, count: 1, sampling: { candidateCount: 1 } });
      expect(again.pictures[0]).toEqual({ seed, imageTokens, fit });
    }
  });

  test('a style adds its suffix', async () => {
    const styled = await pipeline.paint({ ...fox, condition: { kind: 'text', prompt: 'a happy fox', style: '3d' } });
    const spelled = await pipeline.paint({ ...fox, condition: { kind: 'text', prompt: 'a happy fox, 3d style' } });
    expect(styled.embedding).toEqual(spelled.embedding);
    expect(styled.embedding).not.toEqual((await pipeline.paint(fox)).embedding);
  });

  test('more candidates than the default when more pictures are asked for', async () => {
    const { pictures, sampling } = await pipeline.paint({ ...fox, count: 16 });
    expect(pictures).toHaveLength(16);
    expect(sampling.candidateCount).toBe(16);
  });
});

describe('rerolls and variations', () => {
  test('run the text encoder not once more, and a reroll with the same seed is the same job', async () => {
    const fresh = await openPipeline();
    const first = await fresh.paint(fox);
    expect(fresh.textEncoderRuns).toBe(1);
    const stored = { ...first.embedding, vector: first.embedding.vector.slice() };
    const reroll = await fresh.paint({ ...fox, condition: { kind: 'embedding', embedding: stored } });
    expect(reroll.embedding).toEqual(first.embedding);
    expect(digest(reroll)).toBe(digest(first));
    const picture = first.pictures[0];
    const variation = {
      kind: 'variation',
      embedding: stored,
      imageTokens: picture?.imageTokens ?? new Uint16Array(),
    } as const;
    await fresh.paint({ ...fox, condition: { ...variation, strength: 'strong' } });
    await fresh.embedImage(await pngOf(fresh, picture));
    expect(fresh.textEncoderRuns).toBe(1);
  });

  test('refuse an embedding that another bundle made', async () => {
    const { embedding, pictures } = await pipeline.paint(fox);
    const foreign = { ...embedding, bundle: 'tiny@0.0.1' };
    const imageTokens = pictures[0]?.imageTokens ?? new Uint16Array();
    for (const condition of [
      { kind: 'embedding', embedding: foreign },
      { kind: 'variation', embedding: foreign, imageTokens, strength: 'subtle' },
    ] as const) {
      await expect(pipeline.paint({ ...fox, condition })).rejects.toMatchObject({ code: 'other_model' });
    }
  });

  test('a variation depends on the seed, the strength and the picture, and on nothing else', async () => {
    const { embedding, pictures } = await pipeline.paint(fox);
    const vary = async (strength: 'subtle' | 'strong', seed: number, picture = 0) =>
      (
        await pipeline.paint({
          condition: {
            kind: 'variation',
            embedding,
            imageTokens: pictures[picture]?.imageTokens ?? new Uint16Array(),
            strength,
          },
          count: 1,
          seed,
          sampling: { candidateCount: 1 },
        })
      ).embedding.vector;
    const wanted = await vary('subtle', 1);
    expect(length(wanted)).toBeCloseTo(1, 5);
    expect(await vary('subtle', 1)).toEqual(wanted);
    expect(await vary('subtle', 2)).not.toEqual(wanted);
    expect(await vary('strong', 1)).not.toEqual(wanted);
    expect(await vary('subtle', 1, 1)).not.toEqual(wanted);
  });

  test('a picture of ours, uploaded, is seen as it was when it was ranked', async () => {
    const { embedding, pictures } = await pipeline.paint(fox);
    const png = await pngOf(pipeline, pictures[0]);
    const own = await pipeline.embedImage(png);
    const fit = own.vector.reduce((sum, value, i) => sum + value * (embedding.vector[i] ?? 0), 0);
    expect(fit).toBeCloseTo(pictures[0]?.fit ?? Number.NaN, 2); // Eight bits a channel lie between the two.
    const painted = await pipeline.paint({
      ...fox,
      condition: { kind: 'image', bytes: png },
    });
    expect(painted.embedding).toEqual(own);
  });
});

describe('progress and cancelling', () => {
  test('goes forward through the stages to 1, with previews at the steps asked for', async () => {
    const events: PaintProgress[] = [];
    await pipeline.paint({ ...fox, previewEverySteps: 5 }, { onProgress: (event) => events.push(event) });
    const fractions = events.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect([...new Set(events.map(({ stage }) => stage))]).toEqual(['encode', 'generate', 'decode', 'rank']);
    const previews = events.flatMap(({ preview }) => (preview === undefined ? [] : [preview]));
    expect(previews).toHaveLength(3); // After 5, 10 and 15 of 16 positions.
    expect(events.filter(({ stage }) => stage === 'generate')).toHaveLength(16);

    const half = await decodeRgba(previews[1] ?? new Uint8Array());
    expect([half.width, half.height]).toEqual([66, 66]);
    const inkOf = (left: number, column: number, row: number) => {
      let ink = 0;
      for (let y = row * 8; y < row * 8 + 8; y++) {
        for (let x = left + column * 8; x < left + column * 8 + 8; x++) {
          ink += half.data[(y * half.width + x) * 4 + 3] ?? 0;
        }
      }
      return ink;
    };
    // Ten of sixteen cells: two rows of four and two more, in each picture of the grid.
    for (const left of [0, 34]) {
      for (let cell = 0; cell < 16; cell++) {
        if (cell < 10) {
          expect(inkOf(left, cell % 4, Math.floor(cell / 4))).toBeGreaterThan(0);
        } else {
          expect(inkOf(left, cell % 4, Math.floor(cell / 4))).toBe(0);
        }
      }
    }
  });

  test('previews change nothing about the pictures', async () => {
    const plain = digest(await pipeline.paint(fox));
    expect(digest(await pipeline.paint({ ...fox, previewEverySteps: 1 }, { onProgress: () => {} }))).toBe(plain);
  });

  test.each(['encode', 'generate', 'decode'] as const)(
    'an abort during %s rejects and leaves the pipeline usable',
    async (stage) => {
      const controller = new AbortController();
      const seen: string[] = [];
      const painting = pipeline.paint(fox, {
        signal: controller.signal,
        onProgress: (event) => {
          seen.push(event.stage);
          if (event.stage === stage) {
            controller.abort();
          }
        },
      });
      await expect(painting).rejects.toMatchObject({ code: 'aborted' });
      expect(seen.filter((one) => one === stage)).toHaveLength(1);
      expect(seen).not.toContain('rank');
      expect((await pipeline.paint({ ...fox, count: 1 })).pictures).toHaveLength(1);
    },
  );

  test('a signal that is aborted already starts nothing', async () => {
    const runs = pipeline.textEncoderRuns;
    await expect(pipeline.paint(fox, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    expect(pipeline.textEncoderRuns).toBe(runs);
  });

  test('closing cancels what is painted, waits for it, and ends the pipeline', async () => {
    const closing = await Pipeline.open({ ...CPU, bundleDir: TINY });
    const painting = closing.paint({ ...fox, count: 16 });
    const outcome = painting.catch((error: unknown) => error);
    await closing.close();
    expect(await outcome).toMatchObject({ code: 'aborted' });
    await expect(closing.paint(fox)).rejects.toMatchObject({ code: 'aborted' });
    await closing.close();
  });

  test('opening stops when it is aborted', async () => {
    await expect(Pipeline.open({ ...CPU, bundleDir: TINY, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});

describe('render', () => {
  test('stored tokens give the very same PNG, freshly painted, again, and in another process\u2019 stead', async () => {
    const { pictures } = await pipeline.paint(fox);
    const fresh = await openPipeline();
    for (const { imageTokens } of pictures) {
      const [first, again, elsewhere] = [
        await pipeline.render({ imageTokens: [imageTokens] }),
        await pipeline.render({ imageTokens: [imageTokens.slice()] }),
        await fresh.render({ imageTokens: [imageTokens] }),
      ];
      expect(Buffer.from(first.png).equals(again.png)).toBe(true);
      expect(Buffer.from(first.png).equals(elsewhere.png)).toBe(true);
      expect([first.widthPx, first.heightPx]).toEqual([32, 32]);
    }
  });

  test('a grid at another size within a limit', async () => {
    const { pictures } = await pipeline.paint(fox);
    const imageTokens = pictures.map((picture) => picture.imageTokens);
    const free = await pipeline.render({ imageTokens, sizePx: 128 });
    expect([free.widthPx, free.heightPx]).toEqual([260, 260]);
    const maxBytes = Math.floor(free.png.length / 2);
    expect((await pipeline.render({ imageTokens, sizePx: 128, maxBytes })).png.length).toBeLessThanOrEqual(maxBytes);
    await expect(pipeline.render({ imageTokens, sizePx: 128, maxBytes: 100 })).rejects.toMatchObject({
      code: 'picture_too_large',
    });
  });

  test.each([
    ['no picture', { imageTokens: [] }, /imageTokens/],
    ['too many', { imageTokens: new Array<Uint16Array>(17).fill(new Uint16Array(32)) }, /imageTokens/],
    ['too few tokens', { imageTokens: [new Uint16Array(31)] }, /32 tokens/],
    ['a token beyond the codebook', { imageTokens: [new Uint16Array(32).fill(64)] }, /tokens below 64/],
    ['too small', { imageTokens: [new Uint16Array(32)], sizePx: 31 }, /sizePx/],
    ['too large', { imageTokens: [new Uint16Array(32)], sizePx: 1025 }, /sizePx/],
  ])('refuses %s', async (_, request, message) => {
    await expect(pipeline.render(request)).rejects.toEqual(refused(message));
  });
});

describe('describe and encode', () => {
  test('the nearest phrases, best first', async () => {
    const { pictures } = await pipeline.paint(fox);
    const png = await pngOf(pipeline, pictures[0]);
    const phrases = await pipeline.describe(png, 12);
    expect(phrases).toHaveLength(12);
    expect(phrases.map(({ fit }) => fit)).toEqual(phrases.map(({ fit }) => fit).sort((a, b) => b - a));
    expect(await pipeline.describe(png)).toEqual(phrases.slice(0, 5));
    // A phrase's fit is the cosine of the picture and what the phrase would condition the prior with.
    const { embedding } = await pipeline.paint({ ...fox, condition: { kind: 'text', prompt: phrases[0]?.text ?? '' } });
    const own = await pipeline.embedImage(png);
    expect(phrases[0]?.fit).toBeCloseTo(
      own.vector.reduce((sum, value, i) => sum + value * (embedding.vector[i] ?? 0), 0),
      2,
    );
  });

  test('a bundle without phrases says so', async () => {
    const rgb = await openPipeline(TINY_RGB);
    const { pictures } = await rgb.paint({ ...fox, count: 1 });
    await expect(rgb.describe(await pngOf(rgb, pictures[0]))).rejects.toMatchObject({ code: 'bad_bundle' });
  });

  test('tokens of an upload', async () => {
    const { pictures } = await pipeline.paint(fox);
    const tokens = await pipeline.encodePicture(await pngOf(pipeline, pictures[0]));
    expect(tokens).toHaveLength(32);
    expect((await pipeline.render({ imageTokens: [tokens] })).widthPx).toBe(32);
  });

  test.each([
    ['describe', (bytes: Uint8Array) => pipeline.describe(bytes)],
    ['embedImage', (bytes: Uint8Array) => pipeline.embedImage(bytes)],
    ['encodePicture', (bytes: Uint8Array) => pipeline.encodePicture(bytes)],
    ['paint', (bytes: Uint8Array) => pipeline.paint({ ...fox, condition: { kind: 'image', bytes } })],
  ])('%s refuses what is no picture', async (_, call) => {
    await expect(call(Buffer.from('no picture'))).rejects.toEqual(refused(/PNG, JPEG, WebP or GIF/));
  });
});

describe('input checks', () => {
  const tokens = new Uint16Array(32);
  const embedding = new Float32Array(16).fill(0.25);
  test.each<[string, object, RegExp]>([
    ['an empty prompt', { condition: { kind: 'text', prompt: '' } }, /1 to 1000 characters for prompt/],
    ['a blank prompt', { condition: { kind: 'text', prompt: ' \n\t\u3000' } }, /1 to 1000 characters for prompt/],
    ['1,001 characters', { condition: { kind: 'text', prompt: 'x'.repeat(1001) } }, /1 to 1000 characters for prompt/],
    ['3 MB', { condition: { kind: 'text', prompt: 'fox '.repeat(750_000) } }, /1 to 1000 characters for prompt/],
    ['no text', { condition: { kind: 'text', prompt: 5 } }, /text for prompt/],
    ['an unknown style', { condition: { kind: 'text', prompt: 'fox', style: 'oil' } }, /one of 3d for style/],
    ['an unknown kind', { condition: { kind: 'sound' } }, /condition/],
    ['count 0', { count: 0 }, /integer from 1 to 16 for count but received 0/],
    ['count 17', { count: 17 }, /count/],
    ['count 1.5', { count: 1.5 }, /count/],
    ['a negative seed', { seed: -1 }, /seed/],
    ['a seed of 2^32', { seed: 2 ** 32 }, /seed/],
    ['temperature −1', { sampling: { temperature: -1 } }, /number from 0 to 5 for temperature but received -1/],
    ['temperature NaN', { sampling: { temperature: Number.NaN } }, /temperature/],
    ['a negative top-k', { sampling: { topK: -1 } }, /topK/],
    ['top-p 0', { sampling: { topP: 0 } }, /topP/],
    ['top-p 1.1', { sampling: { topP: 1.1 } }, /topP/],
    ['guidance 21', { sampling: { guidanceScale: 21 } }, /guidanceScale/],
    ['fewer candidates than pictures', { sampling: { candidateCount: 3 } }, /integer from 4 to 128 for candidateCount/],
    ['too many candidates', { sampling: { candidateCount: 129 } }, /candidateCount/],
    [
      'a short embedding',
      { condition: { kind: 'embedding', embedding: tiny(embedding.slice(1)) } },
      /16 float32 numbers/,
    ],
    ['an embedding of zeros', { condition: { kind: 'embedding', embedding: tiny(new Float32Array(16)) } }, /embedding/],
    [
      'an embedding with NaN',
      { condition: { kind: 'embedding', embedding: tiny(embedding.map((x, i) => (i ? x : Number.NaN))) } },
      /embedding/,
    ],
    [
      'no strength',
      { condition: { kind: 'variation', embedding: tiny(embedding), imageTokens: tokens, strength: 'wild' } },
      /subtle or strong/,
    ],
    [
      'wrong tokens',
      {
        condition: { kind: 'variation', embedding: tiny(embedding), imageTokens: tokens.slice(1), strength: 'subtle' },
      },
      /32 tokens/,
    ],
    ['negative previews', { previewEverySteps: -1 }, /previewEverySteps/],
  ])('refuses %s', async (_, change, message) => {
    await expect(pipeline.paint({ ...fox, ...change })).rejects.toEqual(refused(message));
  });

  test('1,000 characters as people count them are accepted', async () => {
    const prompt = '🦊'.repeat(1000);
    expect((await pipeline.paint({ ...fox, count: 1, condition: { kind: 'text', prompt } })).pictures).toHaveLength(1);
  });
});

test('summary', async () => {
  expect(await pipeline.summary()).toEqual({
    name: 'tiny',
    version: '1.0.0',
    licence: 'CC0-1.0',
    id: 'tiny@1.0.0',
    checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    pictureSizePx: 32,
    styles: ['3d'],
    sampling: { temperature: 1, topK: 32, topP: 0.95, guidanceScale: 2, candidateCount: 6 },
    metrics: { psnr: 0 },
  });
});
