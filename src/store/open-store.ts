import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { SqliteJobRepository } from './job-repository.js';
import { SqliteKeepRepository } from './keep-repository.js';
import { makeFolder } from './make-folder.js';
import { migrate } from './migrations.js';
import { PictureTable } from './picture-table.js';
import { SettingsAudit } from './settings-audit.js';
import { SqliteSettingsRepository } from './settings-repository.js';
import { Sql } from './sql.js';
import type { Store } from './store.js';

export interface StoreOptions {
  /** The SQLite file; it and its folder are made when they are missing. `:memory:` keeps nothing. */
  readonly path: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
  /**
   * How long a call may block while another process holds the write lock. Default 100 ms: this thread answers Discord;
   * whoever can wait longer tries again.
   */
  readonly busyTimeoutMs?: number;
  /** Told of a row or a setting that does not parse and is left out. Default: a process warning. */
  readonly onDamaged?: (message: string) => void;
  /** Told of every statement that is run, for tests and traces. */
  readonly onStatement?: (source: string) => void;
}

/**
 * Opens the database, brings its schema up to date and hands out the repositories. SQLite in WAL mode.
 *
 * What was promised to somebody is fsynced before the call returns (`synchronous = FULL`): an accepted job, its end, a
 * cancellation, a keep, a setting. It survives `kill -9` and a power cut. What a restart finds out again by itself
 * (active, message id, delivered) is written without waiting for the disk (`NORMAL`): it survives `kill -9`, and a power
 * cut may take the last of it, after which a job is painted or shown once more. Measured: 0.11 ms and 0.014 ms a commit.
 *
 * One process paints from a database at a time; others may read it.
 * @throws StoreError with the codes in errors.ts.
 */
export function openStore(options: StoreOptions): Store {
  const clock = options.clock ?? Date.now;
  const onDamaged = options.onDamaged ?? warn;
  if (options.path !== ':memory:') {
    makeFolder(dirname(options.path));
  }
  const sql = new Sql(options.path, options.busyTimeoutMs ?? 100, options.onStatement);
  try {
    if (options.path !== ':memory:') {
      // It holds what people typed; the files beside it get the same.
      chmodSync(options.path, 0o600);
    }
    migrate(sql, clock());
    return {
      jobs: new SqliteJobRepository(sql, new PictureTable(sql), clock, onDamaged),
      keeps: new SqliteKeepRepository(sql, clock),
      settings: new SqliteSettingsRepository(sql, new SettingsAudit(sql), clock, onDamaged),
      isWritable: () => sql.isWritable(),
      close: () => sql.close(),
    };
  } catch (cause) {
    sql.close();
    throw cause;
  }
}

function warn(message: string): void {
  process.emitWarning(message);
}
