/** From nothing to four PNG files: a fresh process each time, its start included. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BENCH_PROMPT } from './paint-bench.js';
import { median } from './statistics.js';

export interface ColdBench {
  readonly runs: number;
  /** Median of the whole process's life, milliseconds. */
  readonly totalMs: number;
}

export async function benchCold(bundleDir: string, runs: number): Promise<ColdBench> {
  const cli = fileURLToPath(new URL('../index.js', import.meta.url));
  const out = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
  const times: number[] = [];
  try {
    for (let seed = 0; seed < runs; seed++) {
      const startedAt = performance.now();
      const args = [cli, 'imagine', BENCH_PROMPT, '--seed', `${seed}`, '--bundle', bundleDir, '--out', out, '--json'];
      await promisify(execFile)(process.execPath, args);
      times.push(performance.now() - startedAt);
    }
  } finally {
    await rm(out, { recursive: true, force: true });
  }
  return { runs, totalMs: median(times) };
}
