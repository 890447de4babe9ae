/** What `imagine` and `vary` share: flags, painting in this process, files and the report. */
import { createHash, randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { loadConfig, resolveBundle } from '../config.js';
import { DEFAULT_PICTURES, MAX_CANDIDATES, MAX_PICTURES, MAX_SEED, RENDERED_PX } from '../domain/bounds.js';
import { AbortedError, expected } from '../domain/errors.js';
import type { SamplingSettings } from '../domain/sampling.js';
import type { Condition, PaintedPicture, Painter, RenderedPicture } from '../painter/painter.js';
import { EXIT, type Terminal } from './command.js';
import { decimal, type FlagValues, wholeNumber } from './flags.js';
import { OutputFolder } from './output-folder.js';
import { ProgressBar } from './progress-bar.js';

export const PAINT_FLAGS = {
  count: { type: 'string' },
  seed: { type: 'string' },
  bundle: { type: 'string' },
  temperature: { type: 'string' },
  'top-k': { type: 'string' },
  'top-p': { type: 'string' },
  guidance: { type: 'string' },
  candidates: { type: 'string' },
  out: { type: 'string' },
  size: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const PAINT_FLAGS_HELP = `  --count N         pictures, 1 to 16 (default 4)
  --seed N          0 to 4294967295; the same seed gives the same pictures (default: a random one, which is printed)
  --out DIR         where the PNG files go (default: pictures)
  --size PIXELS     edge of each picture, 32 to 1024 (default: the bundle's own)
  --bundle DIR      model bundle (default: MODEL_BUNDLE, or models/emoji of this package)
  --temperature T   0 to 5; 0 always takes the likeliest token
  --top-k K         draw from the K likeliest tokens only; 0 turns it off
  --top-p P         draw from the smallest set with this total probability, above 0 and up to 1
  --guidance G      0 to 20; how strictly to follow the words, 1 turns it off
  --candidates N    paint N pictures and keep the best by CLIP, count to 128
  --json            print one JSON object instead of one path a line: how the words were read, and for each file
                    its size, checksum, seed, fit, and the pictures of the bundle's memory that it leans on
                    (sampling defaults come from the bundle)`;

export interface PaintFlags {
  readonly count: number;
  readonly seed: number;
  readonly bundleDir: string | undefined;
  readonly sampling: Partial<SamplingSettings>;
  readonly out: string;
  /** Edge of each written picture in pixels; undefined: the bundle's own. */
  readonly sizePx: number | undefined;
  readonly isJson: boolean;
}

/** The values of PAINT_FLAGS, checked. @throws InputError that names the flag that is wrong. */
export function readPaintFlags(values: FlagValues<typeof PAINT_FLAGS>, cwd: string): PaintFlags {
  const count = wholeNumber(values.count, '--count', { min: 1, max: MAX_PICTURES }) ?? DEFAULT_PICTURES;
  const settings = {
    temperature: decimal(values.temperature, '--temperature', { min: 0, max: 5 }),
    topK: wholeNumber(values['top-k'], '--top-k', { min: 0, max: 65_536 }),
    topP: decimal(values['top-p'], '--top-p', { min: 0, max: 1, isMinExcluded: true }),
    guidanceScale: decimal(values.guidance, '--guidance', { min: 0, max: 20 }),
    candidateCount: wholeNumber(values.candidates, '--candidates', { min: count, max: MAX_CANDIDATES }),
  };
  const sampling: Partial<SamplingSettings> = Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  );
  return {
    count,
    seed: wholeNumber(values.seed, '--seed', { min: 0, max: MAX_SEED }) ?? randomInt(MAX_SEED + 1),
    bundleDir: values.bundle === undefined ? undefined : resolveBundle(values.bundle, cwd),
    sampling,
    out: values.out ?? 'pictures',
    sizePx: wholeNumber(values.size, '--size', RENDERED_PX),
    isJson: values.json ?? false,
  };
}

/** A `--bundle` that is no folder is a slip of the pen; what is inside is for the pipeline to judge. */
export async function requireBundleFolder(flag: string | undefined): Promise<void> {
  if (flag === undefined) {
    return;
  }
  const isFolder = await stat(flag).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw expected('a bundle folder', '--bundle', flag);
  }
}

export interface PaintJob {
  readonly condition: Condition;
  /** Becomes the start of the file names. */
  readonly nameStem: string;
  /** First fields of the JSON report. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Paints, writes the files and reports. The runtime is loaded only now: everything cheap has been checked before. */
export async function paintToFiles(job: PaintJob, flags: PaintFlags, terminal: Terminal): Promise<number> {
  const config = loadConfig({ cwd: terminal.cwd });
  await requireBundleFolder(flags.bundleDir);
  const folder = await OutputFolder.prepare(flags.out, terminal.cwd);
  const bar = new ProgressBar(terminal.stderr);
  bar.show('loading', 0);
  const { Pipeline } = await import('../pipeline/pipeline.js');
  const pipeline = await Pipeline.open({
    bundleDir: flags.bundleDir ?? config.modelBundle,
    provider: config.executionProvider,
    threads: config.threadsPerWorker,
    signal: terminal.signal,
  });
  try {
    const { condition } = job;
    const { count, seed, sampling, sizePx } = flags;
    const result = await pipeline.paint(
      { condition, count, seed, sampling },
      { signal: terminal.signal, onProgress: bar.onProgress },
    );
    const rendered = await renderEach(pipeline, result.pictures, sizePx, terminal);
    bar.clear();
    const images = await writePictures(rendered, job.nameStem, folder);
    const bundle = (await pipeline.summary()).name;
    const { words = { understood: [], unknown: [] }, timings } = result;
    if (flags.isJson) {
      terminal.stdout.write(`${JSON.stringify({ ...job.about, seed, bundle, words, images, timings })}\n`);
    } else {
      for (const image of images) {
        terminal.stdout.write(`${image.path}\n`);
      }
      if (words.unknown.length > 0) {
        // Control characters of a prompt must not reach the terminal.
        const parts = words.unknown.map((part) => `"${part.replace(/\p{Cc}+/gu, ' ')}"`);
        terminal.stderr.write(`not understood: ${parts.join(', ')}\n`);
      }
      const seconds = (timings.totalMs / 1000).toFixed(1);
      terminal.stderr.write(`${images.length} in ${seconds} s, bundle ${bundle}, --seed ${seed}\n`);
    }
    return EXIT.done;
  } finally {
    bar.clear();
    await pipeline.close();
  }
}

interface RenderedOne {
  readonly picture: PaintedPicture;
  readonly rendered: RenderedPicture;
}

/** A PNG of each picture. @throws AbortedError between two of them. */
async function renderEach(
  painter: Pick<Painter, 'render'>,
  pictures: readonly PaintedPicture[],
  sizePx: number | undefined,
  { signal }: Terminal,
): Promise<readonly RenderedOne[]> {
  const all = [];
  for (const picture of pictures) {
    if (signal.aborted) {
      throw new AbortedError();
    }
    const request = { imageTokens: [picture.imageTokens], ...(sizePx === undefined ? {} : { sizePx }) };
    all.push({ picture, rendered: await painter.render(request) });
  }
  return all;
}

async function writePictures(all: readonly RenderedOne[], nameStem: string, folder: OutputFolder) {
  const images = [];
  for (const { picture, rendered } of all) {
    const { seed, fit, condition } = picture;
    images.push({
      path: await folder.write(`${nameStem}-${seed}.png`, rendered.png),
      width: rendered.widthPx,
      height: rendered.heightPx,
      sha256: createHash('sha256').update(rendered.png).digest('hex'),
      seed,
      fit,
      sources: condition?.sources ?? [],
    });
  }
  return images;
}
