/** What `imagine` and `vary` share: flags, painting in this process, files and the report. */
import { createHash, randomInt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { loadConfig, resolveBundle } from '../config.js';
import { expected } from '../errors.js';
import type { Condition, PaintResult, SamplingSettings } from '../pipeline/types.js';
import { EXIT, type Terminal } from './command.js';
import { decimal, parseFlags, wholeNumber } from './flags.js';
import { OutputFolder } from './output-folder.js';
import { ProgressBar } from './progress-bar.js';

const FLAGS = {
  count: { type: 'string' },
  seed: { type: 'string' },
  bundle: { type: 'string' },
  temperature: { type: 'string' },
  'top-k': { type: 'string' },
  'top-p': { type: 'string' },
  guidance: { type: 'string' },
  candidates: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const PAINT_FLAGS_HELP = `  --count N         pictures, 1 to 16 (default 4)
  --seed N          0 to 4294967295; the same seed gives the same pictures (default: a random one, which is printed)
  --out DIR         where the PNG files go (default: pictures)
  --bundle DIR      model bundle (default: MODEL_BUNDLE, or models/emoji of this package)
  --temperature T   0 to 5; 0 always takes the likeliest token
  --top-k K         draw from the K likeliest tokens only; 0 turns it off
  --top-p P         draw from the smallest set with this total probability, above 0 and up to 1
  --guidance G      0 to 20; how strictly to follow the words, 1 turns it off
  --candidates N    paint N pictures and keep the best by CLIP, count to 128
  --json            print one JSON object instead of one path a line
                    (sampling defaults come from the bundle)`;

export interface PaintFlags {
  readonly count: number;
  readonly seed: number;
  readonly bundleDir: string | undefined;
  readonly sampling: Partial<SamplingSettings>;
  readonly out: string;
  readonly isJson: boolean;
}

/** @throws InputError that names the flag that is wrong. */
export function parsePaintFlags(
  args: readonly string[],
  cwd: string,
): { flags: PaintFlags; positionals: readonly string[] } {
  const { values, positionals } = parseFlags(args, FLAGS);
  const count = wholeNumber(values.count, '--count', { min: 1, max: 16 }) ?? 4;
  const settings = {
    temperature: decimal(values.temperature, '--temperature', { min: 0, max: 5 }),
    topK: wholeNumber(values['top-k'], '--top-k', { min: 0, max: 65_536 }),
    topP: decimal(values['top-p'], '--top-p', { min: 0, max: 1, isMinExcluded: true }),
    guidanceScale: decimal(values.guidance, '--guidance', { min: 0, max: 20 }),
    candidateCount: wholeNumber(values.candidates, '--candidates', { min: count, max: 128 }),
  };
  const sampling: Partial<SamplingSettings> = Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  );
  const flags: PaintFlags = {
    count,
    seed: wholeNumber(values.seed, '--seed', { min: 0, max: 2 ** 32 - 1 }) ?? randomInt(2 ** 32),
    bundleDir: values.bundle === undefined ? undefined : resolveBundle(values.bundle, cwd),
    sampling,
    out: values.out ?? 'pictures',
    isJson: values.json ?? false,
  };
  return { flags, positionals };
}

/** A `--bundle` that is no folder is a slip of the pen; what is inside is for the pipeline to judge. */
export async function requireBundleFolder(flag: string | undefined): Promise<void> {
  if (flag === undefined) return;
  const isFolder = await stat(flag).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw expected('a bundle folder', '--bundle', flag);
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
    const { count, seed, sampling } = flags;
    const result = await pipeline.paint(
      { condition, count, seed, sampling },
      { signal: terminal.signal, onProgress: bar.onProgress },
    );
    bar.clear();
    const images = await writePictures(result, job.nameStem, folder);
    const bundle = (await pipeline.summary()).name;
    if (flags.isJson) {
      terminal.stdout.write(`${JSON.stringify({ ...job.about, seed, bundle, images, timings: result.timings })}\n`);
    } else {
      for (const image of images) terminal.stdout.write(`${image.path}\n`);
      const seconds = (result.timings.totalMs / 1000).toFixed(1);
      terminal.stderr.write(`${images.length} in ${seconds} s, bundle ${bundle}, --seed ${seed}\n`);
    }
    return EXIT.done;
  } finally {
    bar.clear();
    await pipeline.close();
  }
}

async function writePictures(result: PaintResult, nameStem: string, folder: OutputFolder) {
  const images = [];
  for (const picture of result.pictures) {
    const png = Buffer.from(picture.png.buffer, picture.png.byteOffset, picture.png.byteLength);
    images.push({
      path: await folder.write(`${nameStem}-${picture.seed}.png`, png),
      // The PNG header says it: width and height are the first fields of the first chunk.
      width: png.readUInt32BE(16),
      height: png.readUInt32BE(20),
      sha256: createHash('sha256').update(png).digest('hex'),
      seed: picture.seed,
      fit: picture.fit,
    });
  }
  return images;
}
