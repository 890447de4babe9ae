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
import { newJob } from './new-job.js';

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
    const { job } = first.jobs.insert(newJob({ embedding: Float32Array.of(0.5, -0.5) }));
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

  it('says so when a row holds what it should not', () => {
    const store = openStore({ path });
    const { job } = store.jobs.insert(newJob());
    const other = new Database(path);
    other.prepare('UPDATE jobs SET sampling = ? WHERE id = ?').run(['{"topK":"many"}', job.id]);
    expect(() => store.jobs.get(job.id)).toThrow(expect.objectContaining({ code: 'store_damaged' }));
    other.close();
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
