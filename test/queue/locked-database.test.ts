/** Another program holds the database's write lock for a while: nothing is lost, nothing blocks, health says so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FairJobQueue } from '../../src/queue/job-queue.js';
import { openStore } from '../../src/store/open-store.js';
import { Sql } from '../../src/store/sql.js';
import type { Store } from '../../src/store/store.js';
import { newJob } from '../store/new-job.js';
import { ManualPainter } from './manual-painter.js';

let folder: string;
let store: Store;
let other: Sql;
let painter: ManualPainter;
let queue: FairJobQueue;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-locked-'));
  const path = join(folder, 'tessera.sqlite');
  store = openStore({ path, busyTimeoutMs: 1 });
  other = new Sql(path, 100);
  painter = new ManualPainter();
  queue = new FairJobQueue({ store, painter, slots: 1, retryDelayMs: 1 });
  await queue.start();
});
afterEach(async () => {
  await queue.stop(0);
  other.close();
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

it('keeps what was painted, and what waits, until the lock is free', async () => {
  const first = (await queue.add(newJob({ origin: { interactionId: '1' } }))).job;
  const second = (await queue.add(newJob({ origin: { interactionId: '2' } }))).job;
  const call = await painter.call(0);
  other.exec('BEGIN IMMEDIATE');
  call.finish();
  await vi.waitFor(() => expect(store.isWritable()).toBe(false));
  expect(queue.activeCount).toBe(1);
  expect(queue.waitingCount).toBe(1);
  expect(queue.place(second.id)?.position).toBe(1);
  const completed = new Promise((resolve) => queue.on('completed', resolve));
  other.exec('COMMIT');
  expect(await completed).toMatchObject({ id: first.id, status: 'completed' });
  expect(store.isWritable()).toBe(true);
  (await painter.call(1)).finish();
  await queue.idle();
  expect(store.jobs.get(second.id)).toMatchObject({ status: 'completed', attempts: 0 });
});

it('starts a job once it can be marked, without counting an attempt', async () => {
  const { job } = await queue.add(newJob());
  other.exec('BEGIN IMMEDIATE');
  await vi.waitFor(() => expect(store.isWritable()).toBe(false));
  expect(painter.calls).toHaveLength(0);
  other.exec('COMMIT');
  (await painter.call(0)).finish();
  await queue.idle();
  expect(store.jobs.get(job.id)).toMatchObject({ status: 'completed', attempts: 0 });
});

it('accepts a wish that comes while the lock is held for a moment', async () => {
  other.exec('BEGIN IMMEDIATE');
  const added = queue.add(newJob());
  await vi.waitFor(() => expect(store.isWritable()).toBe(false));
  other.exec('COMMIT');
  expect((await added).isNew).toBe(true);
  (await painter.call(0)).finish();
  await queue.idle();
});
