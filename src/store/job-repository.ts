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
import type { JobRepository, Usage } from './store.js';

/** Rows one call of `prune` removes at most: a few milliseconds of the thread that also answers Discord. */
const pruneBatch = 1000;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const usageRow = z.object({ last: z.number().nullable(), hour: z.int(), day: z.int() });
const idRow = z.object({ id: z.string() });
const numberRow = z.object({ value: z.number().nullable() });
const countRow = z.object({ status: z.enum(['waiting', 'active', 'completed', 'failed', 'cancelled']), jobs: z.int() });

/** Jobs in SQLite. What a member was promised is written durably; bookkeeping that a restart redoes is written quickly. */
export class SqliteJobRepository implements JobRepository {
  readonly #sql: Sql;
  readonly #pictures: PictureTable;
  readonly #clock: () => number;
  readonly #onDamaged: (message: string) => void;
  readonly #statements: { readonly [K in keyof typeof jobStatements]: Statement };

  constructor(sql: Sql, pictures: PictureTable, clock: () => number, onDamaged: (message: string) => void) {
    this.#onDamaged = onDamaged;
    this.#sql = sql;
    this.#pictures = pictures;
    this.#clock = clock;
    const prepared = Object.entries(jobStatements).map(([name, source]) => [name, sql.prepare(source)] as const);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof jobStatements, Statement>;
  }

  insert(job: NewJob): { readonly job: Job; readonly isNew: boolean } {
    return this.#sql.transaction('durable', () => {
      const made = this.#insert(job);
      if (made !== undefined) {
        return { job: made, isNew: true };
      }
      const first = this.getByInteraction(job.origin.interactionId);
      if (first === undefined) {
        throw new StoreError('store_failed', 'A job was neither stored nor there already.');
      }
      return { job: first, isNew: false };
    });
  }

  /** Undefined when this interaction has a job already. */
  #insert(job: NewJob): Job | undefined {
    try {
      return this.#job(this.#statements.insert.get(newJobId(), ...columnsOf(job), this.#clock()));
    } catch (cause) {
      if (!(cause instanceof StoreError && cause.code === 'store_dangling')) {
        throw cause;
      }
      throw expected('the id of a stored job', 'parentJobId', job.parentJobId);
    }
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

  markActive(id: string): Job {
    return this.#sql.transaction('quick', () =>
      this.#changed(id, this.#statements.markActive.get(this.#clock(), id), 'waiting'),
    );
  }

  requeue(id: string, options: { readonly countAttempt: boolean }): Job {
    // Durable, so that a job which takes the whole machine down with it runs out of attempts.
    return this.#sql.transaction('durable', () =>
      this.#changed(id, this.#statements.requeue.get(options.countAttempt ? 1 : 0, id), 'waiting or active'),
    );
  }

  complete(id: string, result: Parameters<JobRepository['complete']>[1]): Job {
    const { embedding, pictures, paintMs, unknownWords = [] } = result;
    const words = unknownWords.length === 0 ? null : JSON.stringify(unknownWords);
    const sampling = result.sampling === undefined ? null : JSON.stringify(result.sampling);
    return this.#sql.transaction('durable', () => {
      const blob = floatsToBlob(embedding.vector);
      const { bundle } = embedding;
      const row = this.#statements.complete.get(bundle, blob, bundle, sampling, words, paintMs, this.#clock(), id);
      if (row === undefined) {
        throw this.#conflict(id, 'active');
      }
      this.#pictures.insert(id, pictures);
      return jobFromRow(row, () => pictures);
    });
  }

  fail(id: string, errorCode: string): Job {
    return this.#sql.transaction('durable', () =>
      this.#changed(id, this.#statements.fail.get(errorCode, this.#clock(), id), 'waiting or active'),
    );
  }

  cancel(id: string): Job | undefined {
    return this.#sql.transaction('durable', () => this.#job(this.#statements.cancel.get(this.#clock(), id)));
  }

  markDeleted(id: string): void {
    this.#sql.transaction('durable', () =>
      this.#change(id, this.#statements.markDeleted.run(this.#clock(), id), 'known'),
    );
  }

  markDelivered(id: string, messageId: string | null = null): void {
    this.#sql.transaction('quick', () =>
      this.#change(id, this.#statements.markDelivered.run(this.#clock(), messageId, id), 'known'),
    );
  }

  undelivered(): readonly string[] {
    return this.#statements.undelivered.all().map((row) => parsed(idRow, row, 'jobs').id);
  }

  unfinished(): readonly Job[] {
    return this.#statements.unfinished.all().flatMap((row) => {
      try {
        return [this.#read(row)];
      } catch (error) {
        // One row must not keep all others waiting; it stays as it is, for repair.
        if (!(error instanceof StoreError && error.code === 'store_damaged')) {
          throw error;
        }
        const { id } = parsed(idRow, row, 'jobs');
        this.#onDamaged(`The job ${id} is set aside: ${error.message}`);
        return [];
      }
    });
  }

  usage(guildId: string | null, userId: string, now: number): Usage {
    const row = this.#statements.usage.get(now - HOUR_MS, userId, guildId, now - DAY_MS, now);
    const { last, hour, day } = parsed(usageRow, row, 'jobs');
    return { lastCreatedAt: last, lastHour: hour, lastDay: day };
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
    if (!(olderThanMs >= 0)) {
      throw expected('an age of at least 0 ms', 'olderThanMs', olderThanMs);
    }
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
    if (job === undefined) {
      throw expected('the id of a stored job', 'id', id);
    }
    return job;
  }

  /** A change that met no row is a mistake of the caller, and is said so instead of passing silently. */
  #change(id: string, changedRows: number, wanted: string): void {
    if (changedRows === 0) {
      throw this.#conflict(id, wanted);
    }
  }

  #changed(id: string, row: unknown, wanted: string): Job {
    if (row === undefined) {
      throw this.#conflict(id, wanted);
    }
    return this.#read(row);
  }

  #conflict(id: string, wanted: string): Error {
    return new StoreError('store_conflict', `Job ${id} is ${this.#existing(id).status}, expected it to be ${wanted}.`);
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
    job.embedding === null ? null : floatsToBlob(job.embedding.vector),
    job.embedding?.bundle ?? null,
  ];
}

function numberOf(row: unknown): number | null {
  return row === undefined ? null : parsed(numberRow, row, 'jobs').value;
}
