import type { Embedding } from '../domain/embedding.js';
import { InputError } from '../domain/errors.js';
import type { VariationStrength } from '../domain/picture.js';
import type { ActionParts, Ask, JobAsk } from './ask.js';
import { assertFinished, assertMayPress } from './find-job.js';
import { LocalError } from './local-error.js';
import { assertSameModel, pictureAt } from './render-job.js';
import { allowedCount, inherited, randomSeed, type Stored, storeJob } from './store-job.js';

/** However large the batch was that a picture comes from. */
const MAX_VARIATIONS = 4;

/** Pictures near one of a job's pictures. @throws LocalError when it belongs to another model, or when refused */
export async function vary(
  parts: ActionParts,
  ask: JobAsk,
  parentIndex: number,
  strength: VariationStrength,
): Promise<Stored> {
  const { job } = ask;
  assertFinished(job);
  assertMayPress(ask);
  pictureAt(job, parentIndex);
  await assertSameModel(parts.painter, job);
  return storeJob(parts, ask, {
    ...inherited(job),
    source: { kind: 'variation', parentIndex, strength },
    embedding: job.embedding,
    count: allowedCount(ask, Math.min(job.count, MAX_VARIATIONS)),
    seed: randomSeed(),
  });
}

/** Pictures from an uploaded picture's embedding; the picture itself is never stored. @throws LocalError when refused */
export async function varyUpload(
  parts: ActionParts,
  ask: Ask,
  embedding: Embedding,
  wish: { readonly count: number; readonly seed: number },
): Promise<Stored> {
  return storeJob(parts, ask, {
    source: { kind: 'embedding' },
    embedding,
    parentJobId: null,
    prompt: '',
    style: null,
    sizePx: null,
    sampling: {},
    ...wish,
  });
}

/** A picture's embedding or phrases. Bytes that are no picture are the member's doing. @throws LocalError */
export async function readUpload<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof InputError)) {
      throw error;
    }
    throw new LocalError('bad_picture', (t) => t('error.badPicture'), { cause: error });
  }
}
