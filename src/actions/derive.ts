import type { Job } from '../domain/job.js';
import type { VariationStrength } from '../domain/picture.js';
import type { Painter } from '../painter/painter.js';
import { LocalError } from './local-error.js';
import { assertSameModel } from './render-job.js';
import { type JobWish, randomSeed } from './request-job.js';

/**
 * The same condition again with another seed. The stored embedding is used, so the text encoder does not run; where
 * another model made it, the words are painted anew instead.
 * @throws LocalError when neither is possible
 */
export async function rerollOf(painter: Painter, job: Job, count: number): Promise<JobWish> {
  const { id } = await painter.summary();
  const isUsable = job.embedding !== null && (job.bundle === null || job.bundle === id);
  if (!isUsable && job.prompt === '') {
    throw new LocalError('other_model', (t) => t('error.otherModel', { was: job.bundle ?? '—', now: id }));
  }
  return {
    ...inherited(job),
    source: isUsable ? { kind: 'embedding' } : { kind: 'prompt' },
    embedding: isUsable ? job.embedding : null,
    count,
  };
}

/** Pictures near one of a job's pictures. @throws LocalError when the pictures belong to another model */
export async function variationOf(
  painter: Painter,
  job: Job,
  parentIndex: number,
  strength: VariationStrength,
  count: number,
): Promise<JobWish> {
  await assertSameModel(painter, job);
  if (job.pictures[parentIndex] === undefined) throw new LocalError('no_pictures', (t) => t('error.noPictures'));
  return {
    ...inherited(job),
    source: { kind: 'variation', parentIndex, strength },
    embedding: job.embedding,
    count,
  };
}

function inherited(job: Job): Omit<JobWish, 'source' | 'embedding' | 'count'> {
  const { prompt, style, sizePx, sampling } = job;
  return { parentJobId: job.id, prompt, style, sizePx, sampling, seed: randomSeed() };
}
