import { StoreError } from './errors.js';
import type { Sql } from './sql.js';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * Every change of the schema since the first release, in order. A released migration is never edited: a correction is a
 * new one. Numbers are milliseconds since 1970 where a column ends in `_at`.
 */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'jobs, pictures, keeps, settings and their audit',
    sql: `
      CREATE TABLE jobs (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE CHECK (length(id) = 12),
        status TEXT NOT NULL CHECK (status IN ('waiting', 'active', 'completed', 'failed', 'cancelled')),
        guild_id TEXT,
        channel_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        locale TEXT NOT NULL,
        interaction_id TEXT NOT NULL UNIQUE,
        interaction_token TEXT,
        application_id TEXT NOT NULL,
        source_kind TEXT NOT NULL CHECK (source_kind IN ('prompt', 'embedding', 'variation')),
        parent_index INTEGER,
        strength TEXT CHECK (strength IN ('subtle', 'strong')),
        parent_job_id TEXT REFERENCES jobs (id) ON DELETE SET NULL,
        prompt TEXT NOT NULL,
        style TEXT,
        count INTEGER NOT NULL CHECK (count BETWEEN 1 AND 16),
        seed INTEGER NOT NULL CHECK (seed BETWEEN 0 AND 4294967295),
        size_px INTEGER,
        sampling TEXT NOT NULL,
        bundle TEXT,
        embedding BLOB,
        message_id TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        error_code TEXT,
        created_at INTEGER NOT NULL,
        started_at INTEGER,
        finished_at INTEGER,
        paint_ms REAL,
        deleted_at INTEGER,
        delivered_at INTEGER,
        CHECK ((source_kind = 'variation') = (parent_index IS NOT NULL AND strength IS NOT NULL))
      ) STRICT;
      CREATE INDEX jobs_unfinished ON jobs (sequence) WHERE status IN ('waiting', 'active');
      CREATE INDEX jobs_undelivered ON jobs (finished_at)
        WHERE delivered_at IS NULL AND deleted_at IS NULL AND status IN ('completed', 'failed');
      CREATE INDEX jobs_status ON jobs (status);
      CREATE INDEX jobs_member ON jobs (user_id, guild_id, created_at, status);
      CREATE INDEX jobs_message ON jobs (message_id, channel_id) WHERE message_id IS NOT NULL;
      CREATE INDEX jobs_painted ON jobs (finished_at, paint_ms) WHERE status = 'completed';
      CREATE INDEX jobs_parent ON jobs (parent_job_id) WHERE parent_job_id IS NOT NULL;
      CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

      CREATE TABLE pictures (
        job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        picture_index INTEGER NOT NULL,
        seed INTEGER NOT NULL,
        fit REAL NOT NULL,
        image_tokens BLOB NOT NULL,
        PRIMARY KEY (job_id, picture_index)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE keeps (
        job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        user_id TEXT NOT NULL,
        picture_index INTEGER,
        kept_at INTEGER NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX keeps_once ON keeps (job_id, user_id, coalesce(picture_index, -1));
      CREATE INDEX keeps_member ON keeps (user_id, kept_at);

      CREATE TABLE guild_settings (
        guild_id TEXT NOT NULL,
        setting TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (guild_id, setting)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE settings_audit (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        guild_id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        changed_at INTEGER NOT NULL,
        setting TEXT NOT NULL,
        old_value TEXT NOT NULL,
        new_value TEXT NOT NULL
      ) STRICT;
      CREATE INDEX settings_audit_guild ON settings_audit (guild_id, sequence);
    `,
  },
  {
    version: 2,
    name: 'what each picture was painted from, and words that were not understood',
    // NULL in rows from before, and wherever a picture was painted from its job's embedding alone.
    sql: `
      ALTER TABLE pictures ADD COLUMN embedding BLOB;
      ALTER TABLE pictures ADD COLUMN guide_tokens BLOB;
      ALTER TABLE pictures ADD COLUMN guide_pull REAL;
      ALTER TABLE pictures ADD COLUMN sources TEXT;
      ALTER TABLE jobs ADD COLUMN unknown_words TEXT;
    `,
  },
  {
    version: 3,
    name: 'whose numbers an embedding is made of',
    // A waiting reroll or variation has its parent's; a waiting upload was embedded by whatever painted last.
    sql: `
      ALTER TABLE jobs ADD COLUMN embedding_bundle TEXT;
      UPDATE jobs SET embedding_bundle = coalesce(
        bundle,
        (SELECT parent.bundle FROM jobs AS parent WHERE parent.id = jobs.parent_job_id),
        (SELECT last.bundle FROM jobs AS last WHERE last.bundle IS NOT NULL ORDER BY last.sequence DESC LIMIT 1))
      WHERE embedding IS NOT NULL;
    `,
  },
];

/**
 * Brings the schema up to the newest migration, each one in its own transaction.
 * @throws StoreError `store_newer` when a later Tessera wrote this database.
 */
export function migrate(sql: Sql, now: number, steps: readonly Migration[] = migrations): void {
  sql.transaction('durable', () =>
    sql.exec(`CREATE TABLE IF NOT EXISTS schema_version (
      version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT`),
  );
  const newest = steps.at(-1)?.version ?? 0;
  if (versionOf(sql) > newest) {
    throw new StoreError(
      'store_newer',
      `The database has schema version ${versionOf(sql)}, this Tessera knows versions up to ${newest}: ` +
        'run a newer Tessera or choose another DATABASE_PATH.',
    );
  }
  for (const step of steps) {
    sql.transaction('durable', () => {
      // Asked inside the transaction: another process may have done this step a moment ago.
      if (step.version <= versionOf(sql)) {
        return;
      }
      sql.exec(step.sql);
      sql.prepare('INSERT INTO schema_version VALUES (?, ?, ?)').run(step.version, step.name, now);
    });
  }
}

/** The schema version of a database; 0 before the first migration. */
export function versionOf(sql: Sql): number {
  const row = sql.prepare('SELECT max(version) AS version FROM schema_version').get();
  return typeof row === 'object' && row !== null && 'version' in row && typeof row.version === 'number'
    ? row.version
    : 0;
}
