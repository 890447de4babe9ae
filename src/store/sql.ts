import Database from 'libsql';
import { asStoreError, StoreError } from './errors.js';

/** What may be bound. Booleans are 0 or 1 in SQL: the binding aborts the whole process when it is given `true`. */
export type SqlValue = string | number | Uint8Array | null;

export interface Statement {
  /** Returns the number of rows changed. */
  run(...values: readonly SqlValue[]): number;
  /** The first row, or undefined. */
  get(...values: readonly SqlValue[]): unknown;
  all(...values: readonly SqlValue[]): readonly unknown[];
}

/**
 * `durable` is on disk (fsync) when the call returns: it survives a power cut.
 * `quick` survives `kill -9` and any crash of ours, but a power cut may lose it.
 */
export type Durability = 'durable' | 'quick';

/**
 * The one place that talks to libsql (better-sqlite3's synchronous interface). It keeps its sharp edges inside, as
 * measured with libsql 0.5.29: binding a boolean or a lone Buffer ends the process, so values always travel as one
 * array; text is cut at a NUL on reading, so NUL is written as U+FFFD; `prepare` costs 6 µs, so statements are kept;
 * statements outlive `close()`, so a closed database is refused here; every number is bound as REAL, so integer columns
 * live in STRICT tables, which turn it back without loss; blobs come back as Buffer or ArrayBuffer (see blobs.ts).
 */
export class Sql {
  readonly #db: Database.Database;
  readonly #onStatement: (source: string) => void;
  #isOpen = true;
  /** The last write failed for a reason that may pass. */
  #isFailing = false;
  #durability: Durability = 'durable';

  /**
   * @param busyTimeoutMs how long a call blocks while another process holds the write lock.
   * @param onStatement told of every prepared statement that is run.
   */
  constructor(path: string, busyTimeoutMs: number, onStatement: (source: string) => void = () => {}) {
    this.#onStatement = onStatement;
    try {
      this.#db = new Database(path, { timeout: busyTimeoutMs });
    } catch (cause) {
      throw new StoreError('store_unwritable', `The database ${path} cannot be opened or created.`, { cause });
    }
    try {
      this.exec('PRAGMA journal_mode = WAL');
      this.exec('PRAGMA synchronous = FULL');
      this.exec('PRAGMA foreign_keys = ON');
    } catch (cause) {
      this.close();
      throw cause;
    }
  }

  prepare(source: string): Statement {
    const statement = this.#guard(() => this.#db.prepare(source));
    const asked = <T>(work: () => T): T => {
      this.#onStatement(source);
      return this.#guard(work);
    };
    return {
      run: (...values) => asked(() => statement.run(bound(values)).changes),
      get: (...values) => asked(() => statement.get(bound(values))),
      all: (...values) => asked(() => statement.all(bound(values))),
    };
  }

  /** Runs one or several statements without parameters. */
  exec(source: string): void {
    this.#guard(() => this.#db.exec(source));
  }

  /** Runs `work` in one write transaction, rolled back when it throws. Inside another transaction it just joins it. */
  transaction<T>(durability: Durability, work: () => T): T {
    if (this.#guard(() => this.#db.inTransaction)) {
      return work();
    }
    this.#setDurability(durability);
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      this.#isFailing = false;
      return result;
    } catch (cause) {
      // SQLite ends the transaction by itself on some errors (a full disk): a second ROLLBACK would hide the cause.
      if (this.#db.inTransaction) {
        this.exec('ROLLBACK');
      }
      throw cause;
    }
  }

  /** Whether it takes writes now; where the last one failed, another is tried. */
  isWritable(): boolean {
    if (this.#isFailing) {
      try {
        this.transaction('quick', () => this.exec('UPDATE schema_version SET applied_at = applied_at'));
      } catch {
        return false;
      }
    }
    return true;
  }

  /** Folds the write-ahead log into the database file and closes it. A second call does nothing. */
  close(): void {
    if (!this.#isOpen) {
      return;
    }
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Another process reads the database, or it never was one: the log is read at the next start.
    }
    this.#isOpen = false;
    this.#db.close();
  }

  #setDurability(durability: Durability): void {
    if (this.#durability === durability) {
      return;
    }
    this.exec(`PRAGMA synchronous = ${durability === 'durable' ? 'FULL' : 'NORMAL'}`);
    this.#durability = durability;
  }

  #guard<T>(work: () => T): T {
    if (!this.#isOpen) {
      throw new StoreError('store_closed', 'The database is closed.');
    }
    try {
      return work();
    } catch (cause) {
      const error = asStoreError(cause);
      this.#isFailing ||= error.retryable;
      throw error;
    }
  }
}

function bound(values: readonly SqlValue[]): SqlValue[] {
  return values.map((value) => (typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value));
}
