/** The same work by the training code in PyTorch, on the same machine in the same run. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { packageRoot } from '../../config.js';

/** Reloading and five paintings of a full-size model on two cores take a while. */
const LIMIT_MS = 20 * 60_000;

const report = z.object({
  /** Four pictures, warm, milliseconds. */
  totalMs: z.number().positive(),
  generateMs: z.number().positive().optional(),
  decodeMs: z.number().positive().optional(),
  torch: z.string().optional(),
});
export type TorchReport = z.infer<typeof report>;

export type TorchBench = { readonly report: TorchReport } | { readonly absentBecause: string };

/** Runs `python -m prior.bench` of the training code when it and its environment are there; never fails. */
export async function benchTorch(bundleDir: string, threads: number): Promise<TorchBench> {
  const training = join(packageRoot(), 'training');
  const python = join(training, '.venv', 'bin', 'python');
  if (!existsSync(join(training, 'prior', 'bench.py'))) {
    return { absentBecause: 'this copy has no training/prior/bench.py' };
  }
  if (!existsSync(python)) return { absentBecause: 'training/.venv is not set up (see training/README.md)' };
  const args = ['-m', 'prior.bench', '--bundle', bundleDir, '--threads', `${threads}`, '--json'];
  try {
    const { stdout } = await promisify(execFile)(python, args, { cwd: training, timeout: LIMIT_MS });
    return { report: report.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')) };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).trim().split('\n').slice(-1);
    return { absentBecause: `training/prior/bench.py failed: ${line}` };
  }
}
