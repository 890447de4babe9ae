import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../src/domain/errors.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/store.js';
import { newJob } from './new-job.js';

let store: Store;
let now = 1000;

beforeEach(() => {
  store = openStore({ path: ':memory:', clock: () => now });
});
afterEach(() => store.close());

describe('keeps', () => {
  it('count members, list the newest first, and keep each picture once', () => {
    const job = store.jobs.insert(newJob()).job.id;
    const other = store.jobs.insert(newJob()).job.id;
    expect(store.keeps.add(job, '1', null)).toBe(true);
    expect(store.keeps.add(job, '1', null)).toBe(false);
    expect(store.keeps.add(job, '1', 2)).toBe(true);
    expect(store.keeps.add(job, '1', 2)).toBe(false);
    expect(store.keeps.add(job, '2', 0)).toBe(true);
    now = 2000;
    store.keeps.add(other, '1', 3);
    expect(store.keeps.count(job)).toBe(2);
    expect(store.keeps.list('1', 10)).toEqual([
      { jobId: other, index: 3, keptAt: 2000 },
      { jobId: job, index: 2, keptAt: 1000 },
      { jobId: job, index: null, keptAt: 1000 },
    ]);
    expect(store.keeps.list('1', 1)).toHaveLength(1);
    expect(store.keeps.remove(job, '1')).toBe(true);
    expect(store.keeps.remove(job, '1')).toBe(false);
    expect(store.keeps.count(job)).toBe(1);
  });

  it('refuse a job that is not stored', () => {
    expect(() => store.keeps.add('ZZZZZZZZZZZZ', '1', null)).toThrow(InputError);
  });
});
