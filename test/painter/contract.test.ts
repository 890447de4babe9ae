/** What every painter promises to whoever wants pictures, whatever stands between the two. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  it,
  onTestFinished,
  type TestContext,
} from 'vitest';
import { AbortedError, InputError, TesseraError } from '../../src/domain/errors.js';
import type { Painter, PaintProgress, PaintRequest, RenderRequest } from '../../src/painter/painter.js';
import { ProcessPool } from '../../src/painter/process/pool.js';
import { ProcessPainter } from '../../src/painter/process/process-painter.js';
import { RemotePainter } from '../../src/painter/redis/remote-painter.js';
import { serveRemoteJobs } from '../../src/painter/redis/serve-remote-jobs.js';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { FakePainter } from '../e2e/fake-painter.js';
import { CPU, TINY } from '../pipeline/support.js';
import { redisBinary, startRedis, type TestRedis } from './redis/redis-server.js';

if (redisBinary === undefined) {
  console.warn(
    'SKIPPED: the contract of remote painters needs redis-server in PATH (Debian: apt-get install redis-server).',
  );
}

/** Promises that not every subject keeps. */
type Breakable =
  | 'progress ends at 1'
  | 'a spent signal starts nothing'
  | 'an abort at once'
  | 'input is checked'
  | 'close is for good';

interface Opened {
  readonly painter: Painter;
  /** What stands behind the painter; the painter itself is closed already. */
  readonly tidy: () => Promise<unknown>;
}

interface Subject {
  readonly name: string;
  readonly open: () => Promise<Opened>;
  /** What it does not keep, and why: these tests are skipped, with that note. */
  readonly breaks?: Partial<Record<Breakable, string>>;
}

const request: PaintRequest = { condition: { kind: 'text', prompt: 'a happy fox' }, count: 3, seed: 11 };
/** Where the painter is in this very process it is painted over and over: word of an abort may take its time. */
const endless: PaintRequest = { ...request, seed: 12 };

const worker = {
  ...CPU,
  bundleDir: TINY,
  entry: pathToFileURL(join(inject('distDir'), 'painting-process.js')),
  // However slow the machine is: it closes by itself.
  closeLimitMs: 600_000,
};

const subjects: readonly Subject[] = [
  {
    name: 'Pipeline',
    open: async () => ({ painter: await Pipeline.open({ ...CPU, bundleDir: TINY }), tidy: async () => {} }),
  },
  {
    name: 'ProcessPainter',
    open: async () => ({ painter: await ProcessPainter.start(worker), tidy: async () => {} }),
  },
  {
    name: 'ProcessPool',
    open: async () => ({ painter: await ProcessPool.start({ ...worker, count: 2 }), tidy: async () => {} }),
  },
  {
    name: 'the fake painter of test/e2e',
    open: async () => ({ painter: new FakePainter(), tidy: async () => {} }),
    breaks: {
      'progress ends at 1': 'it stops at 0.5',
      'a spent signal starts nothing': 'it tells progress before it looks at the signal',
      'an abort at once': 'it looks at the signal for the last time before it first waits',
      'input is checked': 'it takes whatever comes',
      'close is for good': 'it has nothing to close',
    },
  },
];

let redis: TestRedis | undefined;
let remotes = 0;
const remote: Subject = {
  name: 'RemotePainter',
  open: async () => {
    const { url: redisUrl } = redis ?? expect.fail('no Redis');
    const prefix = `contract${++remotes}`;
    const pipeline = await Pipeline.open({ ...CPU, bundleDir: TINY });
    const server = await serveRemoteJobs(paintingOn(pipeline), { redisUrl, prefix, slots: 1, aliveMs: 600_000 });
    // It counts the workers once, as it connects: all that is tested comes by events.
    const painter = await RemotePainter.connect({ redisUrl, prefix, pollMs: 600_000 });
    return {
      painter,
      tidy: async () => {
        await server.close(0);
        await pipeline.close();
      },
    };
  },
};

let test = 0;
beforeEach(() => {
  test += 1;
});

/** The pipeline, but the endless request ends by its abort alone, or with the test that made it. */
function paintingOn(pipeline: Pipeline): Painter {
  return {
    paint: async (asked, options) => {
      const madeBy = test;
      for (;;) {
        const result = await pipeline.paint(asked, options);
        if (asked.seed !== endless.seed || test !== madeBy) {
          return result;
        }
      }
    },
    render: (asked) => pipeline.render(asked),
    describe: (image, count) => pipeline.describe(image, count),
    embedImage: (image) => pipeline.embedImage(image),
    summary: () => pipeline.summary(),
    close: () => pipeline.close(),
  };
}

function keepsItsPromises({ open, breaks = {} }: Subject): void {
  let opened: Opened;
  let painter: Painter;
  beforeAll(async () => {
    opened = await open();
    painter = opened.painter;
  });
  afterAll(async () => {
    await painter?.close();
    await opened?.tidy();
  });

  const skipBroken = (skip: TestContext['skip'], promise: Breakable) =>
    skip(breaks[promise] !== undefined, breaks[promise]);
  const progressOf = async (asked: PaintRequest) => {
    const fractions: number[] = [];
    await painter.paint(asked, { onProgress: ({ fraction }) => fractions.push(fraction) });
    return fractions;
  };
  const tokensOf = async (asked: PaintRequest) =>
    (await painter.paint(asked)).pictures.map(({ imageTokens }) => imageTokens);
  const somePng = async () => (await painter.render({ imageTokens: (await tokensOf(request)).slice(0, 1) })).png;

  describe('paint', () => {
    it('gives as many pictures as asked for, best fit first, and the bundle with the embedding', async () => {
      const { id } = await painter.summary();
      const { embedding, pictures, sampling, timings } = await painter.paint(request);
      expect(pictures).toHaveLength(3);
      const fits = pictures.map(({ fit }) => fit);
      expect(fits).toEqual(fits.toSorted((a, b) => b - a));
      for (const { seed, fit, imageTokens } of pictures) {
        expect(seed).toBeGreaterThanOrEqual(0);
        expect(Math.abs(fit)).toBeLessThanOrEqual(1);
        expect(imageTokens).toBeInstanceOf(Uint16Array);
      }
      expect(new Set(pictures.map(({ imageTokens }) => imageTokens.join())).size).toBe(3);
      expect(embedding.bundle).toBe(id);
      expect(embedding.vector).toBeInstanceOf(Float32Array);
      expect(Math.hypot(...embedding.vector)).toBeCloseTo(1, 5);
      expect(sampling.candidateCount).toBeGreaterThanOrEqual(3);
      expect(timings.totalMs).toBeGreaterThan(0);
    });

    it('gives the same tokens for the same request, and others for another seed', async () => {
      const first = await tokensOf(request);
      expect(await tokensOf(request)).toEqual(first);
      expect(await tokensOf({ ...request, seed: 13 })).not.toEqual(first);
    });

    it('gives the same tokens for its own embedding, and refuses that of another bundle', async () => {
      const { embedding, pictures } = await painter.paint(request);
      const again = await painter.paint({ ...request, condition: { kind: 'embedding', embedding } });
      expect(again.embedding).toEqual(embedding);
      expect(again.pictures).toEqual(pictures);
      const foreign = { ...embedding, bundle: 'somebody-else@9.9.9' };
      const imageTokens = pictures[0]?.imageTokens ?? new Uint16Array();
      for (const condition of [
        { kind: 'embedding', embedding: foreign },
        { kind: 'variation', embedding: foreign, imageTokens, strength: 'strong' },
      ] as const) {
        await expect(painter.paint({ ...request, condition })).rejects.toMatchObject({
          code: 'other_model',
          retryable: false,
        });
      }
    });

    it('tells its progress, which never falls', async () => {
      const fractions = await progressOf(request);
      expect(fractions).not.toEqual([]);
      expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
      expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...fractions)).toBeLessThanOrEqual(1);
    });

    it('tells its progress to the end', async ({ skip }) => {
      skipBroken(skip, 'progress ends at 1');
      expect((await progressOf(request)).at(-1)).toBe(1);
    });
  });

  describe('a signal', () => {
    it('that has fired before rejects', async () => {
      await expect(painter.paint(endless, { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortedError);
    });

    it('that has fired before starts nothing', async ({ skip }) => {
      skipBroken(skip, 'a spent signal starts nothing');
      const seen: PaintProgress[] = [];
      const onProgress = (progress: PaintProgress) => seen.push(progress);
      await painter.paint(endless, { signal: AbortSignal.abort(), onProgress }).catch(() => {});
      // What it had said would have come before the answer to a later painting.
      await painter.paint(request);
      expect(seen).toEqual([]);
    });

    it('that fires as soon as it was asked', async ({ skip }) => {
      skipBroken(skip, 'an abort at once');
      const abort = new AbortController();
      const painting = painter.paint(endless, { signal: abort.signal });
      abort.abort();
      await expect(painting).rejects.toBeInstanceOf(AbortedError);
    });

    it('that fires in the middle ends it, and only it', async () => {
      const abort = new AbortController();
      const other = tokensOf(request);
      const painting = painter.paint(endless, { signal: abort.signal, onProgress: () => abort.abort() });
      await expect(painting).rejects.toBeInstanceOf(AbortedError);
      expect(await other).toEqual(await tokensOf(request));
    });
  });

  describe('render', () => {
    it.each([undefined, 32, 64, 300])('gives a PNG of the size asked for: %s', async (sizePx) => {
      const edge = sizePx ?? (await painter.summary()).pictureSizePx;
      const imageTokens = await tokensOf({ ...request, count: 4 });
      const size = sizePx === undefined ? {} : { sizePx };
      const one = await painter.render({ imageTokens: imageTokens.slice(0, 1), ...size });
      expect([one.widthPx, one.heightPx]).toEqual([edge, edge]);
      const grid = await painter.render({ imageTokens, ...size });
      expect(grid.widthPx).toBeGreaterThanOrEqual(2 * edge);
      expect(grid.heightPx).toBeGreaterThanOrEqual(2 * edge);
      for (const { png, widthPx, heightPx } of [one, grid]) {
        expect(sizeInHeader(png)).toEqual([widthPx, heightPx]);
      }
    });

    it('gives the same bytes for the same tokens', async () => {
      const imageTokens = await tokensOf(request);
      const first = await painter.render({ imageTokens, sizePx: 64 });
      const again = await painter.render({ imageTokens: imageTokens.map((tokens) => tokens.slice()), sizePx: 64 });
      expect(Buffer.from(first.png).equals(again.png)).toBe(true);
    });
  });

  describe('a picture that somebody uploads', () => {
    it('is described, best first, and embedded', async () => {
      const png = await somePng();
      const phrases = await painter.describe(png, 2);
      expect(phrases).toHaveLength(2);
      expect(phrases[0]?.fit).toBeGreaterThanOrEqual(phrases[1]?.fit ?? Number.NaN);
      const { vector, bundle } = await painter.embedImage(png);
      expect(bundle).toBe((await painter.summary()).id);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      const painted = await painter.paint({
        ...request,
        condition: { kind: 'embedding', embedding: { vector, bundle } },
      });
      expect(painted.pictures).toHaveLength(3);
    });

    it('is refused as bad input where it is none', async () => {
      for (const bytes of [new Uint8Array(), Uint8Array.of(1, 2, 3), Buffer.from('<svg xmlns="…"/>')]) {
        await expect(painter.describe(bytes)).rejects.toBeInstanceOf(InputError);
        await expect(painter.embedImage(bytes)).rejects.toBeInstanceOf(InputError);
      }
    });
  });

  describe('bad input is refused as such, whoever looks at it', () => {
    it.for<[string, object]>([
      ['no picture at all', { count: 0 }],
      ['too many pictures', { count: 17 }],
      ['half a picture', { count: 1.5 }],
      ['a negative seed', { seed: -1 }],
      ['no number', { seed: Number.NaN }],
      ['a blank prompt', { condition: { kind: 'text', prompt: ' \n' } }],
      ['no text', { condition: { kind: 'text', prompt: 5 } }],
      ['a style that is not there', { condition: { kind: 'text', prompt: 'fox', style: 'in oil' } }],
      ['another kind of condition', { condition: { kind: 'sound' } }],
      ['bytes that are no picture', { condition: { kind: 'image', bytes: Uint8Array.of(1, 2, 3) } }],
      ['sampling out of its range', { sampling: { temperature: 6 } }],
      ['fewer candidates than pictures', { sampling: { candidateCount: 2 } }],
    ])('paint: %s', async ([_, change], { skip }) => {
      skipBroken(skip, 'input is checked');
      await expect(painter.paint({ ...request, ...change } as PaintRequest)).rejects.toBeInstanceOf(InputError);
    });

    it.for<[string, object]>([
      ['no picture', { imageTokens: [] }],
      ['too many pictures', { imageTokens: new Array(17).fill(new Uint16Array(32)) }],
      ['too few tokens', { imageTokens: [new Uint16Array(3)] }],
      ['bytes instead of tokens', { imageTokens: [new Uint8Array(32)] }],
      ['a size below all', { imageTokens: [new Uint16Array(32)], sizePx: 31 }],
      ['half a pixel', { imageTokens: [new Uint16Array(32)], sizePx: 64.5 }],
      ['no bytes at all', { imageTokens: [new Uint16Array(32)], maxBytes: 0 }],
    ])('render: %s', async ([_, asked], { skip }) => {
      skipBroken(skip, 'input is checked');
      await expect(painter.render(asked as RenderRequest)).rejects.toBeInstanceOf(InputError);
    });

    it.for([0, 1.5, 1_000_000])('describe: %s phrases', async (count, { skip }) => {
      skipBroken(skip, 'input is checked');
      const png = await somePng();
      await expect(painter.describe(png, count)).rejects.toBeInstanceOf(InputError);
    });
  });

  it('says what its model is, the same each time', async () => {
    const summary = await painter.summary();
    expect(await painter.summary()).toEqual(summary);
    const { id, name, version, checksum, licence, pictureSizePx, styles, sampling } = summary;
    expect(id).toBe(`${name}@${version}`);
    expect(checksum).not.toBe('');
    expect(licence).not.toBe('');
    expect(pictureSizePx).toBeGreaterThan(0);
    const painted = await painter.paint({ ...request, count: 1 });
    expect(painted.sampling).toEqual(sampling);
    for (const style of styles) {
      const condition = { kind: 'text', prompt: 'a happy fox', style } as const;
      expect((await painter.paint({ ...request, condition })).pictures).toHaveLength(3);
    }
  });

  it('refuses every call once it is closed, and may be closed again', async ({ skip }) => {
    skipBroken(skip, 'close is for good');
    const other = await open();
    onTestFinished(async () => void (await other.tidy()));
    const { pictures } = await other.painter.paint(request);
    const imageTokens = pictures.map((picture) => picture.imageTokens);
    const { png } = await other.painter.render({ imageTokens });
    await other.painter.close();
    await expect(other.painter.paint(request)).rejects.toBeInstanceOf(TesseraError);
    await expect(other.painter.render({ imageTokens })).rejects.toBeInstanceOf(TesseraError);
    await expect(other.painter.describe(png)).rejects.toBeInstanceOf(TesseraError);
    await expect(other.painter.embedImage(png)).rejects.toBeInstanceOf(TesseraError);
    await other.painter.close();
  });
}

/** Width and height that the file itself declares. */
function sizeInHeader(png: Uint8Array): readonly [number, number] {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

describe.each(subjects)('$name', keepsItsPromises);

describe.skipIf(redisBinary === undefined).each([remote])('$name', (subject) => {
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  keepsItsPromises(subject);
});
