import { z } from 'zod';
import { expected } from '../domain/errors.js';
import { parsed } from './job-row.js';
import type { Sql, Statement } from './sql.js';
import type { KeepRepository } from './store.js';

export const keepStatements = {
  jobExists: 'SELECT 1 FROM jobs WHERE id = ?',
  add: 'INSERT INTO keeps (job_id, user_id, picture_index, kept_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  remove: 'DELETE FROM keeps WHERE job_id = ? AND user_id = ?',
  count: 'SELECT count(DISTINCT user_id) AS members FROM keeps WHERE job_id = ?',
  list: `SELECT job_id, picture_index, kept_at FROM keeps WHERE user_id = ? ORDER BY kept_at DESC, rowid DESC LIMIT ?`,
} as const;

const keepRow = z.object({ job_id: z.string(), picture_index: z.int().nullable(), kept_at: z.int() });
const countRow = z.object({ members: z.int() });

/** Keeps in SQLite. A member may keep a job as a whole (index null) and single pictures of it, each once. */
export class SqliteKeepRepository implements KeepRepository {
  readonly #sql: Sql;
  readonly #clock: () => number;
  readonly #jobExists: Statement;
  readonly #add: Statement;
  readonly #remove: Statement;
  readonly #count: Statement;
  readonly #list: Statement;

  constructor(sql: Sql, clock: () => number) {
    this.#sql = sql;
    this.#clock = clock;
    this.#jobExists = sql.prepare(keepStatements.jobExists);
    this.#add = sql.prepare(keepStatements.add);
    this.#remove = sql.prepare(keepStatements.remove);
    this.#count = sql.prepare(keepStatements.count);
    this.#list = sql.prepare(keepStatements.list);
  }

  /** False when it was kept already. @throws InputError for a job that is not stored. */
  add(jobId: string, userId: string, index: number | null): boolean {
    return this.#sql.transaction('durable', () => {
      if (this.#jobExists.get(jobId) === undefined) {
        throw expected('the id of a stored job', 'jobId', jobId);
      }
      return this.#add.run(jobId, userId, index, this.#clock()) > 0;
    });
  }

  /** Everything this member kept of the job; false when that was nothing. */
  remove(jobId: string, userId: string): boolean {
    return this.#sql.transaction('durable', () => this.#remove.run(jobId, userId) > 0);
  }

  /** Members who kept the job or one of its pictures. */
  count(jobId: string): number {
    return parsed(countRow, this.#count.get(jobId), 'keeps').members;
  }

  /** Newest first. */
  list(userId: string, limit: number): ReturnType<KeepRepository['list']> {
    return this.#list.all(userId, limit).map((row) => {
      const { job_id, picture_index, kept_at } = parsed(keepRow, row, 'keeps');
      return { jobId: job_id, index: picture_index, keptAt: kept_at };
    });
  }
}
