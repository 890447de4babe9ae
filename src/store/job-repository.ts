import { z } from 'zod';
import { expected } from '../domain/errors.js';
import type { Job, JobStatus, NewJob } from '../domain/job.js';
import { floatsToBlob } from './blobs.js';
import { StoreError } from './errors.js';
import { newJobId } from './job-id.js';
import { jobFromRow, parsed } from './job-row.js';
import { jobStatements } from './job-statements.js';
import type { PictureTable } from './picture-table.js';
import type { Sql, SqlValue, Statement } from './sql.js';
import type { JobRepository } from './store.js';

/** Rows one call of `prune` removes at most: a few milliseconds of the thread that also answers Discord. */
const pruneBatch = 1000;

const numberRow = z.object({ value: z.number().nullable() });
const countRow = z.object({ status: z.enum(['waiting', 'active', 'completed', 'failed', 'cancelled']), jobs: z.int() });

/** Jobs in SQLite. What a member was promised is written durably; bookkeeping that a restart redoes is written quickly. */
export class SqliteJobRepository implements JobRepository {
  readonly #sql: Sql;
  readonly #pictures: PictureTable;
  readonly #clock: () => number;
  readonly #statements: { readonly [K in keyof typeof jobStatements]: Statement };

  constructor(sql: Sql, pictures: PictureTable, clock: () => number) {
    this.#sql = sql;
    this.#pictures = pictures;
    this.#clock = clock;
    const prepared = Object.entries(jobStatements).map(([name, source]) => [name, sql.prepare(source)] as const);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof jobStatements, Statement>;
  }

  insert(job: NewJob): { readonly job: Job; readonly isNew: boolean } {
    return this.#sql.transaction('durable', () => {
      const first = this.getByInteraction(job.origin.interactionId);
      if (first !== undefined) return { job: first, isNew: false };
      if (job.parentJobId !== null && this.get(job.parentJobId) === undefined) {
        throw expected('the id of a stored job', 'parentJobId', job.parentJobId);
      }
      const id = newJobId();
      this.#statements.insert.run(id, ...columnsOf(job), this.#clock());
      return { job: this.#existing(id), isNew: true };
    });
  }

  get(id: string): Job | undefined {
    return this.#job(this.#statements.get.get(id));
  }

  getByInteraction(interactionId: string): Job | undefined {
    return this.#job(this.#statements.getByInteraction.get(interactionId));
  }

  getByMessage(channelId: string, messageId: string): Job | undefined {
    return this.#job(this.#statements.getByMessage.get(messageId, channelId));
  }

  setMessage(id: string, messageId: string): void {
    this.#sql.transaction('quick', () => this.#change(id, this.#statements.setMessage.run(messageId, id), 'known'));
  }

  markActive(id: string): void {
    this.#sql.transaction('quick', () =>
      this.#change(id, this.#statements.markActive.run(this.#clock(), id), 'waiting'),
    );
  }

  requeue(id: string, options: { readonly countAttempt: boolean }): void {
    // Durable, so that a job which takes the whole machine down with it runs out of attempts.
    this.#sql.transaction('durable', () =>
      this.#change(id, this.#statements.requeue.run(options.countAttempt ? 1 : 0, id), 'waiting or active'),
    );
  }

  complete(id: string, result: Parameters<JobRepository['complete']>[1]): void {
    const { bundle, pictures, paintMs, unknownWords = [] } = result;
    const embedding = floatsToBlob(result.embedding);
    const words = unknownWords.length === 0 ? null : JSON.stringify(unknownWords);
    const sampling = result.sampling === undefined ? null : JSON.stringify(result.sampling);
    this.#sql.transaction('durable', () => {
      const finishedAt = this.#clock();
      const changed = this.#statements.complete.run(bundle, embedding, sampling, words, paintMs, finishedAt, id);
      this.#change(id, changed, 'active');
      this.#pictures.insert(id, pictures);
    });
  }

  fail(id: string, errorCode: string): void {
    this.#sql.transaction('durable', () =>
      this.#change(id, this.#statements.fail.run(errorCode, this.#clock(), id), 'waiting or active'),
    );
  }

  cancel(id: string): boolean {
    return this.#sql.transaction('durable', () => this.#statements.cancel.run(this.#clock(), id) > 0);
  }

  markDeleted(id: string): void {
    this.#sql.transaction('durable', () =>
      this.#change(id, this.#statements.markDeleted.run(this.#clock(), id), 'known'),
    );
  }

  markDelivered(id: string): void {
    this.#sql.transaction('quick', () =>
      this.#change(id, this.#statements.markDelivered.run(this.#clock(), id), 'known'),
    );
  }

  undelivered(limit: number): readonly Job[] {
    return this.#statements.undelivered.all(limit).map((row) => this.#read(row));
  }

  unfinished(): readonly Job[] {
    return this.#statements.unfinished.all().map((row) => this.#read(row));
  }

  countSince(guildId: string | null, userId: string, sinceMs: number): number {
    return numberOf(this.#statements.countSince.get(userId, guildId, sinceMs)) ?? 0;
  }

  lastCreatedAt(guildId: string | null, userId: string): number | null {
    return numberOf(this.#statements.lastCreatedAt.get(userId, guildId));
  }

  recentPaintMs(limit: number): readonly number[] {
    return this.#statements.recentPaintMs.all(limit).flatMap((row) => numberOf(row) ?? []);
  }

  counts(): Readonly<Record<JobStatus, number>> {
    const counts: Record<JobStatus, number> = { waiting: 0, active: 0, completed: 0, failed: 0, cancelled: 0 };
    for (const row of this.#statements.counts.all()) {
      const { status, jobs } = parsed(countRow, row, 'jobs');
      counts[status] = jobs;
    }
    return counts;
  }

  prune(olderThanMs: number): number {
    if (!(olderThanMs >= 0)) throw expected('an age of at least 0 ms', 'olderThanMs', olderThanMs);
    return this.#sql.transaction('quick', () => this.#statements.prune.run(this.#clock() - olderThanMs, pruneBatch));
  }

  #job(row: unknown): Job | undefined {
    return row === undefined ? undefined : this.#read(row);
  }

  #read(row: unknown): Job {
    return jobFromRow(row, (jobId) => this.#pictures.list(jobId));
  }

  #existing(id: string): Job {
    const job = this.get(id);
    if (job === undefined) throw expected('the id of a stored job', 'id', id);
    return job;
  }

  /** A change that met no row is a mistake of the caller, and is said so instead of passing silently. */
  #change(id: string, changedRows: number, wanted: string): void {
    if (changedRows > 0) return;
    throw new StoreError('store_conflict', `Job ${id} is ${this.#existing(id).status}, expected it to be ${wanted}.`);
  }
}

function columnsOf(job: NewJob): readonly SqlValue[] {
  const { origin, source } = job;
  return [
    origin.guildId,
    origin.channelId,
    origin.userId,
    origin.locale,
    origin.interactionId,
    origin.interactionToken,
    origin.applicationId,
    source.kind,
    source.kind === 'variation' ? source.parentIndex : null,
    source.kind === 'variation' ? source.strength : null,
    job.parentJobId,
    job.prompt,
    job.style,
    job.count,
    job.seed,
    job.sizePx,
    JSON.stringify(job.sampling),
    job.embedding === null ? null : floatsToBlob(job.embedding),
  ];
}

function numberOf(row: unknown): number | null {
  return row === undefined ? null : parsed(numberRow, row, 'jobs').value;
}
