/**
 * Four 256 px pictures with networks of the published size: ours beside PyTorch, everything in one run.
 *
 *   npm run bench:paper -- [--quick] [--json] [--scratch DIR] [--threads 2] [--bundles int8,int4]
 *       --quick   measures the published loop at six prefix lengths instead of all 256 (10 minutes less)
 *
 * Random checkpoints and the bundles made of them (4 GB) go to the scratch folder and are used again.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { benchFloor, graphBytes } from '../src/cli/bench/floor-bench.js';
import { packageRoot } from '../src/config.js';
import { paintingEnvironment } from '../src/painter/process/environment.js';
import { readManifest } from '../src/pipeline/bundle/bundle.js';
import type { Curves, FourPictures } from './paper-paint.js';
import { formatPaper, type Ours, type PaperReport, PICTURES, type TorchRun, type WidthPoint } from './paper-report.js';

const COUNTS = '1,2,4,8,16';
const training = join(packageRoot(), 'training');
const python = join(training, '.venv', 'bin', 'python');
const torchBench = 'tessera_training.convert.bench';
/** Paints in a process of its own. */
const painter = fileURLToPath(new URL('./paper-paint.js', import.meta.url));
const run = promisify(execFile);

/** The JSON line that a process prints last. */
async function ask<T>(command: string, args: readonly string[], env = process.env): Promise<T> {
  const { stdout } = await run(command, args, { cwd: training, env, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}

/** From our painter, started as the bot starts its own. PyTorch, which allocates and frees all the time, is not. */
const askPainter = <T>(...args: readonly string[]) =>
  ask<T>(process.execPath, [painter, ...args], paintingEnvironment());

/** The folder of a bundle of the published sizes with 8 or 4 bits in the prior, made where it is missing. */
async function bundleOf(name: string, scratch: string, tell: (what: string) => void): Promise<string> {
  const [checkpoints, folder] = [join(scratch, 'checkpoints'), join(scratch, 'bundles', name)];
  if (existsSync(join(folder, 'bundle.json'))) {
    return folder;
  }
  if (!existsSync(join(checkpoints, 'gpt_coco.pt'))) {
    tell('random checkpoints of the published sizes');
    await run(python, ['-m', 'tessera_training.convert.random_checkpoints', '--out', checkpoints], { cwd: training });
  }
  tell(`bundle ${name}`);
  await mkdir(join(scratch, 'bundles'), { recursive: true });
  const sources = [
    ['--gpt', 'gpt_coco.pt'],
    ['--vqgan', 'vqgan_coco.pt'],
    ['--clip', 'clip_vit_b32.pt'],
    ['--bpe', 'bpe_simple_vocab_16e6.txt.gz'],
  ].flatMap(([flag = '', file = '']) => [flag, join(checkpoints, file)]);
  const bits = ['--precision', 'int8', '--prior-bits', name === 'int4' ? '4' : '8'];
  await run(python, ['-m', 'tessera_training.convert', ...sources, '--out', folder, ...bits], { cwd: training });
  return folder;
}

async function measureOurs(name: string, folder: string, threads: number): Promise<Ours> {
  const manifest = await readManifest(folder);
  const { prior, decoder, textEncoder, imageEncoder } = manifest;
  const painted = [prior.condition, prior.step, decoder.file, textEncoder.file, imageEncoder.file];
  const floor = benchFloor(graphBytes(manifest, prior.step));
  const four = await askPainter<FourPictures>(folder, 'four', '--threads', `${threads}`);
  return {
    name,
    ...four,
    positionMs: four.timings.generateMs / prior.positions,
    floor,
    weightBytes: painted.reduce((sum, file) => sum + graphBytes(manifest, file), 0),
    cacheBytes: PICTURES * 2 * prior.layers * prior.positions * prior.width * Float32Array.BYTES_PER_ELEMENT,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      scratch: { type: 'string', default: 'data/paper' },
      threads: { type: 'string', default: `${Math.min(2, availableParallelism())}` },
      bundles: { type: 'string', default: 'int8,int4' },
    },
  });
  const tell = (what: string) => process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${what} …\n`);
  if (!existsSync(python)) {
    throw new Error('training/.venv is not set up (see training/README.md).');
  }
  const scratch = resolve(values.scratch);
  const threads = Number(values.threads);
  const flags = ['--threads', values.threads];
  const folders = new Map<string, string>();
  for (const name of values.bundles.split(',')) {
    folders.set(name, await bundleOf(name, scratch, tell));
  }

  const loadBefore = loadavg()[0] ?? 0;
  const torch = (what: string, ...more: string[]) => ask<TorchRun>(python, ['-m', torchBench, what, ...flags, ...more]);
  tell('GEMM rate');
  const floors = await ask<PaperReport['decoderFloor']>(python, ['-m', torchBench, 'floors', ...flags]);
  const ours: Ours[] = [];
  for (const [name, folder] of folders) {
    tell(`ours, ${name}`);
    ours.push(await measureOurs(name, folder, threads));
  }
  tell('PyTorch with a cache');
  const cached = await torch('cached');
  tell('more pictures, more requests');
  const [firstName, firstFolder] = [...folders][0] ?? ['', ''];
  const curves = await askPainter<Curves>(firstFolder, 'curves', COUNTS, ...flags);
  tell('other widths');
  const widths = await ask<readonly WidthPoint[]>(python, ['-m', torchBench, 'widths', ...flags]);
  tell(values.quick ? 'PyTorch as published, six lengths' : 'PyTorch as published, about ten minutes');
  const recomputed = await torch('recomputed', ...(values.quick ? ['--quick'] : []));
  const report: PaperReport = {
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), threads, loadBefore },
    decoderFloor: floors,
    ours,
    cached,
    recomputed,
    curves: { bundle: firstName, ...curves },
    widths,
  };
  const json = JSON.stringify(report);
  await mkdir(scratch, { recursive: true });
  await writeFile(join(scratch, 'paper.json'), json);
  process.stdout.write(`${values.json ? json : formatPaper(report)}\n`);
}

await main();
