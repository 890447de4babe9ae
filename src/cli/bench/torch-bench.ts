/** The same work by the training code in PyTorch, on the same machine in the same run. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { packageRoot } from '../../config.js';

/** The published way recomputes the prefix at every position: minutes for a full-size model on two cores. */
const LIMIT_MS = 10 * 60_000;

const timing = z.object({
  generateSeconds: z.number(),
  decodeSeconds: z.number(),
  totalSeconds: z.number().positive(),
});

const report = z.object({
  /** Pictures generated and decoded. */
  count: z.number(),
  /** False: random weights of the bundle's shapes, which are as fast. */
  trained: z.boolean(),
  threads: z.number(),
  torch: z.string(),
  /** With a key/value cache, best run. */
  cached: timing,
  /** The whole prefix again at every position, as the published implementation does, best run. */
  recomputed: timing,
});
type TorchReport = z.infer<typeof report>;

export type TorchBench = { readonly report: TorchReport } | { readonly absentBecause: string };

export interface TorchOptions {
  readonly bundleDir: string;
  readonly threads: number;
  /** As many pictures as our pipeline generates and decodes: its candidates. */
  readonly count: number;
}

/** Runs `python -m tessera_training.stages.bench` of the training code when it and its environment are there; never fails. */
export async function benchTorch({ bundleDir, threads, count }: TorchOptions): Promise<TorchBench> {
  const training = join(packageRoot(), 'training');
  const python = join(training, '.venv', 'bin', 'python');
  if (!existsSync(join(training, 'tessera_training', 'stages', 'bench.py'))) {
    return { absentBecause: 'this copy has no training/tessera_training/stages/bench.py' };
  }
  if (!existsSync(python)) {
    return { absentBecause: 'training/.venv is not set up (see training/README.md)' };
  }
  const flags = ['--bundle', bundleDir, '--threads', `${threads}`, '--count', `${count}`, '--json'];
  const args = ['-m', 'tessera_training.stages.bench', ...flags];
  try {
    const { stdout } = await promisify(execFile)(python, args, { cwd: training, timeout: LIMIT_MS });
    return { report: report.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')) };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).trim().split('\n').slice(-1);
    return { absentBecause: `training/tessera_training/stages/bench.py failed: ${line}` };
  }
}
