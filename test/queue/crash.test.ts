import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { openStore } from '../../src/store/open-store.js';

const bot = join(import.meta.dirname, 'fixtures', 'crashing-bot.mjs');
const rounds = 4;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('kill -9 at any moment loses no accepted job and paints none again that was completed', async () => {
  const database = join(folder, 'tessera.sqlite');
  const logPath = join(folder, 'log');
  const lines = () => readFileSync(logPath, 'utf8').trimEnd().split('\n');
  const acceptedCount = () => lines().filter((line) => line.startsWith('accepted')).length;
  const start = (run: number, jobs: number) =>
    spawn(process.execPath, [bot, inject('distDir'), database, logPath, `${run}`, `${jobs}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  /** Seeds of completed jobs in the database, with the number of log lines there were when they were seen. */
  const completedBefore = new Map<number, number>();
  const see = () => {
    const store = openStore({ path: database });
    const seen = lines();
    for (const line of seen) {
      const [what, id, seed] = line.split(' ');
      if (what !== 'accepted' || completedBefore.has(Number(seed))) {
        continue;
      }
      const job = store.jobs.get(id ?? '');
      expect(job, `job ${id} was accepted`).toBeDefined();
      if (job?.status === 'completed') {
        completedBefore.set(Number(seed), seen.length);
      }
    }
    store.close();
  };

  let unfinishedAtKills = 0;
  for (let run = 1; run <= rounds; run += 1) {
    const child = start(run, 1_000_000);
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    // By what it has done rather than by time, which says little on a busy machine; then anywhere in the next jobs.
    const acceptedBefore = acceptedCount();
    const wanted = 1 + Math.random() * 40;
    while (acceptedCount() - acceptedBefore < wanted) {
      await delay(2);
    }
    await delay(Math.random() * 10);
    child.kill('SIGKILL');
    expect((await exited)[1]).toBe('SIGKILL');
    const store = openStore({ path: database });
    unfinishedAtKills += store.jobs.unfinished().length;
    store.close();
    see();
  }
  const last = start(rounds + 1, 5);
  expect((await once(last, 'exit'))[0]).toBe(0);
  see();

  const log = lines().map((line) => line.split(' '));
  const accepted = log.filter(([what]) => what === 'accepted').map(([, id, seed]) => ({ id, seed: Number(seed) }));
  // The test means nothing unless jobs were accepted, and kills met unfinished ones.
  expect(accepted.length).toBeGreaterThanOrEqual(rounds);
  expect(unfinishedAtKills).toBeGreaterThan(0);
  const store = openStore({ path: database });
  for (const { id, seed } of accepted) {
    expect(store.jobs.get(id ?? ''), `job ${id}`).toMatchObject({ status: 'completed', seed });
  }
  // Rows whose acceptance could not be said any more were painted as well; each row once for its interaction.
  expect(store.jobs.unfinished()).toEqual([]);
  expect(store.jobs.counts().completed).toBeGreaterThanOrEqual(accepted.length);
  expect(new Set(accepted.map(({ seed }) => seed)).size).toBe(accepted.length);
  store.close();

  const completedAt = new Map<number, number>(completedBefore);
  log.forEach(([what, seed], line) => {
    if (what === 'completed') {
      completedAt.set(Number(seed), Math.min(line, completedAt.get(Number(seed)) ?? line));
    }
  });
  log.forEach(([what, seed], line) => {
    if (what !== 'painting') {
      return;
    }
    expect(line, `painting ${seed}`).toBeLessThan(completedAt.get(Number(seed)) ?? Number.POSITIVE_INFINITY);
  });
}, 60_000);
