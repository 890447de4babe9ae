import { z } from 'zod';
import type { StoredPicture } from '../domain/job.js';
import type { PictureCondition, PictureSource } from '../domain/picture.js';
import { blobToFloats, blobToTokens, floatsToBlob, tokensToBlob } from './blobs.js';
import { StoreError } from './errors.js';
import { parsed, parsedJson } from './job-row.js';
import type { Sql, SqlValue, Statement } from './sql.js';

const rowSchema = z.object({
  seed: z.int(),
  fit: z.number(),
  image_tokens: z.unknown(),
  embedding: z.unknown(),
  guide_tokens: z.unknown(),
  guide_pull: z.number().nullable(),
  sources: z.string().nullable(),
});

type PictureRow = z.infer<typeof rowSchema>;

const sourcesSchema = z.array(
  z.object({ name: z.string(), set: z.string(), author: z.string(), licence: z.string() }),
) satisfies z.ZodType<readonly PictureSource[]>;

/** The painted pictures of a job: their tokens, from which the PNG is decoded again, and what each was painted from. */
export class PictureTable {
  readonly #insertOf: (count: number) => Statement;
  /** By the number of pictures. */
  readonly #inserts = new Map<number, Statement>();
  readonly #select: Statement;

  constructor(sql: Sql) {
    this.#insertOf = (count) =>
      sql.prepare(`INSERT INTO pictures
        (job_id, picture_index, seed, fit, image_tokens, embedding, guide_tokens, guide_pull, sources)
        VALUES ${Array(count).fill('(?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`);
    this.#select = sql.prepare(`SELECT seed, fit, image_tokens, embedding, guide_tokens, guide_pull, sources
      FROM pictures WHERE job_id = ? ORDER BY picture_index`);
  }

  /** To be called inside the transaction that completes the job. */
  insert(jobId: string, pictures: readonly StoredPicture[]): void {
    if (pictures.length === 0) {
      return;
    }
    const insert = this.#inserts.get(pictures.length) ?? this.#insertOf(pictures.length);
    this.#inserts.set(pictures.length, insert);
    insert.run(
      ...pictures.flatMap(({ seed, fit, imageTokens, condition }, index) => [
        ...[jobId, index, seed, fit, tokensToBlob(imageTokens)],
        ...columnsOf(condition),
      ]),
    );
  }

  /** In the order in which they were shown. @throws StoreError `store_damaged` */
  list(jobId: string): readonly StoredPicture[] {
    return this.#select.all(jobId).map((row) => {
      const columns = parsed(rowSchema, row, 'pictures');
      const { seed, fit } = columns;
      const picture = { seed, fit, imageTokens: blobToTokens(columns.image_tokens) };
      const condition = conditionOf(columns);
      return condition === undefined ? picture : { ...picture, condition };
    });
  }
}

function columnsOf(condition: PictureCondition | undefined): readonly SqlValue[] {
  if (condition === undefined) {
    return [null, null, null, null];
  }
  const { embedding, guideTokens, guidePull, sources } = condition;
  return [
    floatsToBlob(embedding),
    guideTokens === undefined ? null : tokensToBlob(guideTokens),
    guidePull ?? null,
    JSON.stringify(sources),
  ];
}

function conditionOf({ embedding, guide_tokens, guide_pull, sources }: PictureRow): PictureCondition | undefined {
  if (embedding === null && guide_tokens === null && sources === null) {
    return undefined;
  }
  if (embedding === null || sources === null) {
    throw new StoreError('store_damaged', 'A stored picture has half of what it was painted from.');
  }
  const condition = {
    embedding: blobToFloats(embedding),
    sources: parsedJson(sourcesSchema, sources, 'pictures.sources'),
  };
  return {
    ...condition,
    ...(guide_tokens === null ? {} : { guideTokens: blobToTokens(guide_tokens) }),
    ...(guide_pull === null ? {} : { guidePull: guide_pull }),
  };
}
