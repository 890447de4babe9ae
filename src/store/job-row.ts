import { z } from 'zod';
import type { Embedding } from '../domain/embedding.js';
import type { Job, JobSource, StoredPicture } from '../domain/job.js';
import { samplingChanges } from '../domain/sampling.js';
import { blobToFloats } from './blobs.js';
import { StoreError } from './errors.js';

const wordsSchema = z.array(z.string());

const text = z.string();
const integer = z.int();

const rowSchema = z.object({
  id: text,
  status: z.enum(['waiting', 'active', 'completed', 'failed', 'cancelled']),
  guild_id: text.nullable(),
  channel_id: text,
  user_id: text,
  locale: text,
  interaction_id: text,
  interaction_token: text.nullable(),
  application_id: text,
  source_kind: z.enum(['prompt', 'embedding', 'variation']),
  parent_index: integer.nullable(),
  strength: z.enum(['subtle', 'strong']).nullable(),
  parent_job_id: text.nullable(),
  prompt: text,
  style: text.nullable(),
  count: integer,
  seed: integer,
  size_px: integer.nullable(),
  sampling: text,
  bundle: text.nullable(),
  embedding: z.unknown(),
  embedding_bundle: text.nullable(),
  message_id: text.nullable(),
  attempts: integer,
  error_code: text.nullable(),
  created_at: integer,
  started_at: integer.nullable(),
  finished_at: integer.nullable(),
  paint_ms: z.number().nullable(),
  deleted_at: integer.nullable(),
  unknown_words: text.nullable(),
});

type JobRow = z.infer<typeof rowSchema>;

/**
 * One row of `jobs` → a Job.
 * @throws StoreError `store_damaged` when a column does not hold what it should.
 */
export function jobFromRow(row: unknown, picturesOf: (jobId: string) => readonly StoredPicture[]): Job {
  const columns = parsed(rowSchema, row, 'jobs');
  return {
    id: columns.id,
    status: columns.status,
    origin: {
      guildId: columns.guild_id,
      channelId: columns.channel_id,
      userId: columns.user_id,
      locale: columns.locale,
      interactionId: columns.interaction_id,
      interactionToken: columns.interaction_token,
      applicationId: columns.application_id,
    },
    source: sourceOf(columns),
    parentJobId: columns.parent_job_id,
    prompt: columns.prompt,
    style: columns.style,
    count: columns.count,
    seed: columns.seed,
    sizePx: columns.size_px,
    sampling: parsedJson(samplingChanges, columns.sampling, 'jobs.sampling'),
    bundle: columns.bundle,
    embedding: embeddingOf(columns),
    // Only a completed job has any; the rest saves the query.
    pictures: columns.status === 'completed' ? picturesOf(columns.id) : [],
    unknownWords:
      columns.unknown_words === null ? [] : parsedJson(wordsSchema, columns.unknown_words, 'jobs.unknown_words'),
    messageId: columns.message_id,
    attempts: columns.attempts,
    errorCode: columns.error_code,
    createdAt: columns.created_at,
    startedAt: columns.started_at,
    finishedAt: columns.finished_at,
    paintMs: columns.paint_ms,
    deletedAt: columns.deleted_at,
  };
}

/** One whose model is not known (a row from before) fits none. */
function embeddingOf({ embedding, embedding_bundle }: JobRow): Embedding | null {
  return embedding === null ? null : { vector: blobToFloats(embedding), bundle: embedding_bundle ?? '' };
}

function sourceOf(columns: JobRow): JobSource {
  if (columns.source_kind !== 'variation') {
    return { kind: columns.source_kind };
  }
  if (columns.parent_index === null || columns.strength === null) {
    throw new StoreError('store_damaged', `The variation ${columns.id} names no picture of its parent.`);
  }
  return { kind: 'variation', parentIndex: columns.parent_index, strength: columns.strength };
}

/** Checks what came out of the database; `where` names the table for whoever has to repair it. */
export function parsed<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) {
    return result.data;
  }
  throw new StoreError('store_damaged', `Unexpected content in ${where}: ${z.prettifyError(result.error)}`, {
    cause: result.error,
  });
}

/** The same for a column that holds JSON. */
export function parsedJson<T>(schema: z.ZodType<T>, json: string, where: string): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new StoreError('store_damaged', `Expected JSON in ${where}.`, { cause });
  }
  return parsed(schema, value, where);
}
