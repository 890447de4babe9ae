import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobStatements } from '../../src/store/job-statements.js';
import { keepStatements } from '../../src/store/keep-repository.js';
import { migrate, migrations, versionOf } from '../../src/store/migrations.js';
import { openStore } from '../../src/store/open-store.js';
import { auditStatements } from '../../src/store/settings-audit.js';
import { settingsStatements } from '../../src/store/settings-repository.js';
import { Sql } from '../../src/store/sql.js';
import type { Store } from '../../src/store/store.js';
import { newJob } from './new-job.js';

const fox = { name: 'fox', set: 'Noto Emoji', author: 'Google', licence: 'Apache-2.0' };

/** A job whose one picture has all that a picture can have. */
function paintedJob(store: Store, job = newJob()): string {
  const { id } = store.jobs.insert(job).job;
  store.jobs.markActive(id);
  const vector = Float32Array.of(0.6, -0.8);
  const condition = { embedding: vector, guideTokens: Uint16Array.of(1, 2), sources: [fox] };
  const picture = { seed: 1, fit: 0.5, imageTokens: Uint16Array.of(3), condition };
  const embedding = { vector, bundle: 'emoji@1.0.0' };
  const result = { embedding, pictures: [picture], paintMs: 5, unknownWords: ['blorp'] };
  store.jobs.complete(id, result);
  return id;
}

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-store-'));
  path = join(folder, 'data', 'deep', 'tessera.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('openStore', () => {
  it('makes folder and file, and finds everything again', () => {
    const first = openStore({ path });
    const { job } = first.jobs.insert(
      newJob({ embedding: { vector: Float32Array.of(0.5, -0.5), bundle: 'emoji@1.0.0' } }),
    );
    first.keeps.add(job.id, '300', null);
    first.settings.set('100', '1', 'buttons', 'requester');
    first.close();
    first.close();
    expect(() => first.jobs.get(job.id)).toThrow(expect.objectContaining({ code: 'store_closed' }));
    const second = openStore({ path });
    expect(second.jobs.get(job.id)).toEqual(job);
    expect(second.keeps.count(job.id)).toBe(1);
    expect(second.settings.get('100').buttons).toBe('requester');
    second.close();
    expect(statSync(path).size).toBeGreaterThan(0);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('writes accepted jobs with fsync, and in WAL mode', () => {
    openStore({ path }).close();
    const sql = new Sql(path, 100);
    const pragma = (name: string) => Object.values(sql.prepare(`PRAGMA ${name}`).get() as object)[0];
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('foreign_keys')).toBe(1);
    sql.transaction('quick', () => expect(pragma('synchronous')).toBe(1));
    sql.transaction('durable', () => expect(pragma('synchronous')).toBe(2));
    sql.close();
  });

  it('rolls a transaction back, and joins one that is open', () => {
    const sql = new Sql(':memory:', 100);
    sql.exec('CREATE TABLE t (v INTEGER) STRICT');
    const insert = sql.prepare('INSERT INTO t VALUES (?)');
    expect(() =>
      sql.transaction('durable', () => {
        sql.transaction('quick', () => insert.run(1));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(sql.prepare('SELECT * FROM t').all()).toEqual([]);
    sql.transaction('quick', () => insert.run(2));
    expect(sql.prepare('SELECT * FROM t').all()).toEqual([{ v: 2 }]);
    sql.close();
  });

  it('says so when the folder cannot be made or the path is a folder', () => {
    writeFileSync(join(folder, 'file'), '');
    for (const wrong of [join(folder, 'file', 'x.sqlite'), folder, '/dev/null/x.sqlite']) {
      expect(() => openStore({ path: wrong }), wrong).toThrow(expect.objectContaining({ code: 'store_unwritable' }));
    }
  });

  it('says so when the file is no database', () => {
    const garbage = join(folder, 'garbage.sqlite');
    writeFileSync(garbage, 'not a database, but long enough to have a header'.repeat(100));
    expect(() => openStore({ path: garbage })).toThrow(expect.objectContaining({ code: 'store_damaged' }));
  });

  it.each([
    ['settings of another type', `jobs SET sampling = '{"topK":"many"}'`],
    ['settings that are no JSON', `jobs SET sampling = '{'`],
    ['words that are no list', `jobs SET unknown_words = '"blorp"'`],
    ['words that are no JSON', `jobs SET unknown_words = 'blorp'`],
    ['half an embedding', `pictures SET embedding = x'0000'`],
    ['half a token', `pictures SET guide_tokens = x'00'`],
    ['sources without an author', `pictures SET sources = '[{"name":"fox","set":"Noto","licence":"MIT"}]'`],
    ['sources that are no JSON', `pictures SET sources = 'fox'`],
    ['an embedding without sources', 'pictures SET sources = NULL'],
    ['sources without an embedding', 'pictures SET embedding = NULL'],
  ])('says so when a row holds what it should not: %s', (_, change) => {
    const store = openStore({ path });
    const id = paintedJob(store);
    expect(store.jobs.get(id)?.pictures[0]?.condition?.sources).toEqual([fox]);
    const other = new Database(path);
    other.exec(`UPDATE ${change}`);
    expect(() => store.jobs.get(id)).toThrow(expect.objectContaining({ code: 'store_damaged' }));
    other.close();
    store.close();
  });

  it('sets a damaged row aside, says which, and starts with the others', () => {
    const told: string[] = [];
    const store = openStore({ path, onDamaged: (message) => told.push(message) });
    const [bad, good] = ['1', '2'].map(
      (interactionId) => store.jobs.insert(newJob({ origin: { interactionId } })).job.id,
    );
    const other = new Database(path);
    other.prepare(`UPDATE jobs SET sampling = 'oops' WHERE id = ?`).run([bad ?? '']);
    expect(store.jobs.unfinished().map(({ id }) => id)).toEqual([good]);
    expect(told).toEqual([expect.stringMatching(`The job ${bad} is set aside: .*jobs.sampling`)]);
    other.prepare(`UPDATE jobs SET sampling = '{}' WHERE id = ?`).run([bad ?? '']);
    expect(store.jobs.unfinished().map(({ id }) => id)).toEqual([bad, good]);
    other.close();
    store.close();
  });

  it('counts a damaged setting as not set, says which once, and takes a new value', () => {
    const told: string[] = [];
    const store = openStore({ path, onDamaged: (message) => told.push(message) });
    store.settings.set('100', '1', 'jobsPerHour', 7);
    store.settings.set('100', '1', 'jobsPerDay', 9);
    const other = new Database(path);
    other.exec(`UPDATE guild_settings SET value = '"many"' WHERE setting = 'jobsPerHour'`);
    other.close();
    for (let i = 0; i < 2; i += 1) {
      expect(store.settings.get('100')).toMatchObject({ jobsPerHour: 60, jobsPerDay: 9 });
    }
    expect(told).toEqual([expect.stringMatching(/jobsPerHour of server 100 is damaged.*received "many"/)]);
    store.settings.set('100', '1', 'jobsPerHour', 8);
    expect(store.settings.get('100').jobsPerHour).toBe(8);
    store.close();
  });

  it('gives up after the busy timeout while another process holds the write lock', () => {
    const store = openStore({ path, busyTimeoutMs: 50 });
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    expect(() => store.jobs.insert(newJob())).toThrow(expect.objectContaining({ code: 'store_busy', retryable: true }));
    other.exec('ROLLBACK');
    expect(store.jobs.insert(newJob()).isNew).toBe(true);
    other.close();
    store.close();
  });
});

describe('migrations', () => {
  it('are numbered 1, 2, 3 …', () => {
    expect(migrations.map((step) => step.version)).toEqual(migrations.map((_, i) => i + 1));
  });

  it('run once each, in order, and a failing one leaves no trace', () => {
    const sql = new Sql(path.replace('data/deep/', ''), 100);
    const one = { version: 1, name: 'one', sql: 'CREATE TABLE a (v INTEGER) STRICT;' };
    const two = { version: 2, name: 'two', sql: 'CREATE TABLE b (v INTEGER) STRICT; CREATE TABLE a (v INTEGER);' };
    migrate(sql, 5, [one]);
    migrate(sql, 6, [one]);
    expect(() => migrate(sql, 7, [one, two])).toThrow(/already exists/);
    expect(versionOf(sql)).toBe(1);
    expect(sql.prepare(`SELECT name FROM sqlite_master WHERE name IN ('a', 'b')`).all()).toEqual([{ name: 'a' }]);
    migrate(sql, 8, [one, { ...two, sql: 'CREATE TABLE b (v INTEGER) STRICT;' }]);
    expect(sql.prepare('SELECT version, applied_at FROM schema_version').all()).toEqual([
      { version: 1, applied_at: 5 },
      { version: 2, applied_at: 8 },
    ]);
    sql.close();
  });

  it('leave the jobs of older versions as they were, and let them be built upon', () => {
    const old = new Sql(path.replace('data/deep/', ''), 100);
    migrate(old, 5, migrations.slice(0, 1));
    old.exec(`
      INSERT INTO jobs (id, status, guild_id, channel_id, user_id, locale, interaction_id, application_id, source_kind,
        prompt, count, seed, sampling, bundle, embedding, created_at, finished_at, paint_ms)
      VALUES ('ABCDEFGH0123', 'completed', '1', '2', '3', 'de', '4', '5', 'prompt',
        'a fox', 1, 7, '{}', 'emoji@0.3.0', x'0000803f', 10, 20, 8.5);
      INSERT INTO jobs (id, status, guild_id, channel_id, user_id, locale, interaction_id, application_id, source_kind,
        prompt, count, seed, sampling, embedding, created_at)
      VALUES ('ABCDEFGH0124', 'waiting', '1', '2', '3', 'de', '6', '5', 'embedding', '', 1, 7, '{}', x'0000803f', 11);
      INSERT INTO pictures VALUES ('ABCDEFGH0123', 0, 7, 0.5, x'0100ffff');`);
    old.close();
    const store = openStore({ path: path.replace('data/deep/', '') });
    const job = store.jobs.get('ABCDEFGH0123');
    const embedding = { vector: Float32Array.of(1), bundle: 'emoji@0.3.0' };
    expect(job).toMatchObject({ prompt: 'a fox', embedding, unknownWords: [] });
    // An upload that waited: it was embedded by the bundle that painted last.
    expect(store.jobs.get('ABCDEFGH0124')?.embedding).toEqual(embedding);
    expect(job?.pictures).toStrictEqual([{ seed: 7, fit: 0.5, imageTokens: Uint16Array.of(1, 65_535) }]);
    const child = paintedJob(store, newJob({ parentJobId: 'ABCDEFGH0123' }));
    expect(store.jobs.get(child)?.pictures[0]?.condition?.sources).toEqual([fox]);
    store.close();
  });

  it('refuse a database of a newer version, and leave it alone', () => {
    openStore({ path }).close();
    const sql = new Sql(path, 100);
    sql.prepare('INSERT INTO schema_version VALUES (?, ?, ?)').run(99, 'from the future', 0);
    sql.close();
    expect(() => openStore({ path })).toThrow(/schema version 99.*DATABASE_PATH/);
    expect(() => openStore({ path })).toThrow(expect.objectContaining({ code: 'store_newer' }));
  });
});

describe('indexes', () => {
  const sources = { ...jobStatements, ...keepStatements, ...auditStatements, settings: settingsStatements.select };

  it.each(Object.entries(sources))('%s reads no whole table and sorts nothing', (_, source) => {
    const sql = new Sql(':memory:', 100);
    migrate(sql, 0);
    const plan = sql
      .prepare(`EXPLAIN QUERY PLAN ${source}`)
      .all()
      .map((row) => (row as { detail: string }).detail);
    // A covering index is smaller than its table and in order: counting every job by status may walk one.
    const bad = plan.filter((step) => /^SCAN (?!.*USING (COVERING )?INDEX)|USE TEMP B-TREE FOR ORDER/.test(step));
    expect(bad, plan.join('\n')).toEqual([]);
    sql.close();
  });
});
