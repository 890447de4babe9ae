import { afterEach, describe, expect, inject, it } from 'vitest';
import { BundleError, WorkerLostError } from '../../../src/domain/errors.js';
import type { PaintRequest } from '../../../src/painter/painter.js';
import { ProcessPool } from '../../../src/painter/process/pool.js';

const entry = new URL('./fixtures/fake-worker.mjs', import.meta.url);
let pool: ProcessPool | undefined;
afterEach(() => pool?.close());

const open = (count: number, start = 'ok') =>
  ProcessPool.start({
    count,
    bundleDir: '/some/bundle',
    provider: 'cpu',
    threads: 1,
    entry,
    entryArgs: [inject('distDir'), start],
    restartDelayMs: 20,
  });
const words = (prompt: string): PaintRequest => ({ condition: { kind: 'text', prompt }, count: 1, seed: 7 });

describe('ProcessPool', () => {
  it('gives each call to the least busy process', async () => {
    pool = await open(2);
    const results = await Promise.all([1, 2, 3, 4].map(() => pool?.paint(words('x'))));
    // The fake painter writes its process id where top-k goes.
    const pids = results.map((result) => result?.sampling.topK);
    expect(new Set(pids).size).toBe(2);
    expect(pids.filter((pid) => pid === pids[0])).toHaveLength(2);
    expect(pool.status().map((worker) => worker.pendingCount)).toEqual([0, 0]);
  });

  it('goes on with the others while one is down', async () => {
    pool = await open(2);
    await expect(pool.paint(words('crash'))).rejects.toBeInstanceOf(WorkerLostError);
    expect(pool.status().map((worker) => worker.state)).toEqual(['restarting', 'ready']);
    const survivor = pool.status()[1]?.pid;
    expect((await pool.paint(words('x'))).sampling.topK).toBe(survivor);
    expect((await pool.summary()).name).toBe('fake');
  });

  it('reports an unusable bundle and leaves no process behind', async () => {
    await expect(open(2, 'damaged')).rejects.toBeInstanceOf(BundleError);
  });
});
