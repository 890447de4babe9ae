/** The compiled worker entry with the real pipeline on the tiny bundle. */
import { cpSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { AbortedError, BundleError, InputError, WorkerLostError } from '../../../src/domain/errors.js';
import type { PaintRequest } from '../../../src/painter/painter.js';
import { ProcessPainter } from '../../../src/painter/process/process-painter.js';
import { Pipeline } from '../../../src/pipeline/pipeline.js';

const bundleDir = new URL('../../fixtures/tiny-bundle', import.meta.url).pathname;
const entry = pathToFileURL(join(inject('distDir'), 'painting-process.js'));
const request: PaintRequest = { condition: { kind: 'text', prompt: 'a happy fox' }, count: 3, seed: 11 };
/** Enough pictures to be in the middle of it for a while. */
const long: PaintRequest = { ...request, count: 16, sampling: { candidateCount: 128 } };
let worker: ProcessPainter;

beforeAll(async () => {
  worker = await ProcessPainter.start({ bundleDir, provider: 'cpu', threads: 1, entry, restartDelayMs: 10 });
});
afterAll(() => worker.close());

describe('the real worker', () => {
  it('paints, renders, describes and embeds exactly as the pipeline does in this process', async () => {
    const pipeline = await Pipeline.open({ bundleDir, provider: 'cpu', threads: 1 });
    const here = await pipeline.paint(request);
    const there = await worker.paint(request);
    expect(there.embedding).toEqual(here.embedding);
    expect(there.sampling).toEqual(here.sampling);
    expect(there.pictures.map(({ seed, fit }) => ({ seed, fit }))).toEqual(
      here.pictures.map(({ seed, fit }) => ({ seed, fit })),
    );
    for (const [index, picture] of here.pictures.entries()) {
      expect(there.pictures[index]?.imageTokens).toEqual(picture.imageTokens);
    }
    const grid = { imageTokens: here.pictures.map((picture) => picture.imageTokens), sizePx: 64 };
    expect(await worker.render(grid)).toEqual(await pipeline.render(grid));
    const { png } = await pipeline.render({ imageTokens: grid.imageTokens.slice(0, 1) });
    expect(await worker.describe(png, 2)).toEqual(await pipeline.describe(png, 2));
    expect(await worker.embedImage(png)).toEqual(await pipeline.embedImage(png));
    expect(await worker.summary()).toEqual(await pipeline.summary());
    await pipeline.close();
  });

  it('says what is wrong with a request in the words of the pipeline', async () => {
    await expect(worker.paint({ ...request, count: 0 })).rejects.toThrow(InputError);
    await expect(worker.describe(new Uint8Array([1, 2, 3]))).rejects.toThrow(
      'Expected a PNG, JPEG, WebP or GIF picture.',
    );
  });

  it('is cancelled between two steps', async () => {
    const abort = new AbortController();
    let steps = 0;
    // Previews are never held back: each step is told, and there is time to cancel.
    const painting = worker.paint(
      { ...long, previewEverySteps: 1 },
      {
        signal: abort.signal,
        onProgress: ({ stage }) => {
          if (stage === 'generate' && ++steps === 2) {
            abort.abort();
          }
        },
      },
    );
    await expect(painting).rejects.toBeInstanceOf(AbortedError);
    expect((await worker.paint(request)).pictures).toHaveLength(3);
  });

  it('paints the same picture after a kill -9 in the middle of another one', async () => {
    const before = await worker.paint(request);
    // Its first sign is that the words are encoded; all steps, each with its preview, are still to come.
    const painting = worker.paint(
      { ...long, previewEverySteps: 1 },
      { onProgress: () => process.kill(worker.pid ?? 0, 'SIGKILL') },
    );
    await expect(painting).rejects.toBeInstanceOf(WorkerLostError);
    const after = await worker.paint(request);
    expect(worker.restartCount).toBe(1);
    expect(after.pictures.map(({ imageTokens }) => imageTokens)).toEqual(
      before.pictures.map(({ imageTokens }) => imageTokens),
    );
  });

  it('reports a damaged bundle at the start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tessera-bundle-'));
    cpSync(bundleDir, folder, { recursive: true });
    truncateSync(join(folder, 'decoder.onnx'), 100);
    const starting = ProcessPainter.start({ bundleDir: folder, provider: 'cpu', threads: 1, entry });
    await expect(starting).rejects.toThrow(BundleError);
    await expect(starting).rejects.toThrow('decoder.onnx');
    rmSync(folder, { recursive: true });
  });
});
