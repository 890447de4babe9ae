import { z } from 'zod';
import { blobToTokens, tokensToBlob } from './blobs.js';
import { parsed } from './job-row.js';
import type { Sql, Statement } from './sql.js';
import type { StoredPicture } from './types.js';

const rowSchema = z.object({ seed: z.int(), fit: z.number(), image_tokens: z.unknown() });

/** The painted pictures of a job: a few hundred bytes each, from which the PNG is decoded again. */
export class PictureTable {
  readonly #insert: Statement;
  readonly #select: Statement;

  constructor(sql: Sql) {
    this.#insert = sql.prepare(
      'INSERT INTO pictures (job_id, picture_index, seed, fit, image_tokens) VALUES (?, ?, ?, ?, ?)',
    );
    this.#select = sql.prepare('SELECT seed, fit, image_tokens FROM pictures WHERE job_id = ? ORDER BY picture_index');
  }

  /** To be called inside the transaction that completes the job. */
  insert(jobId: string, pictures: readonly StoredPicture[]): void {
    pictures.forEach((picture, index) => {
      this.#insert.run(jobId, index, picture.seed, picture.fit, tokensToBlob(picture.imageTokens));
    });
  }

  /** In the order in which they were shown. */
  list(jobId: string): readonly StoredPicture[] {
    return this.#select.all(jobId).map((row) => {
      const { seed, fit, image_tokens } = parsed(rowSchema, row, 'pictures');
      return { seed, fit, imageTokens: blobToTokens(image_tokens) };
    });
  }
}
