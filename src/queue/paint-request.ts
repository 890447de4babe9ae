import { type Embedding, fits } from '../domain/embedding.js';
import { OtherModelError } from '../domain/errors.js';
import type { Job } from '../domain/job.js';
import type { PictureCondition } from '../domain/picture.js';
import type { Condition, PaintRequest } from '../painter/painter.js';
import { ParentGoneError } from './errors.js';

export interface PaintRequestOptions {
  /** Id (`name@version`) of the bundle that will paint. */
  readonly bundle: string;
  readonly parentOf: (jobId: string) => Job | undefined;
  readonly previewEverySteps: number;
}

/**
 * A stored job → what the painter is asked for. A prompt is encoded; a reroll uses the stored embedding and what the
 * parent's pictures were painted from, so the text encoder does not run; a variation also reads the varied picture's
 * tokens from the parent.
 * @throws OtherModelError when stored numbers belong to another bundle and there are no words to paint anew from
 * @throws ParentGoneError when the varied picture is not stored any more
 */
export function paintRequestOf(job: Job, options: PaintRequestOptions): PaintRequest {
  const candidateCount = job.sampling.candidateCount;
  return {
    condition: conditionOf(job, options),
    count: job.count,
    seed: job.seed,
    // A child may want more pictures than the job whose settings it inherited had candidates.
    sampling:
      candidateCount === undefined
        ? job.sampling
        : { ...job.sampling, candidateCount: Math.max(candidateCount, job.count) },
    previewEverySteps: options.previewEverySteps,
  };
}

function conditionOf(job: Job, { bundle, parentOf }: PaintRequestOptions): Condition {
  if (job.source.kind === 'prompt' || job.embedding === null) {
    return wordsOf(job);
  }
  if (!fits(job.embedding, bundle)) {
    // A variation is of one picture, which only its own model can read; of anything else the words are there, mostly.
    if (job.source.kind === 'embedding' && job.prompt !== '') {
      return wordsOf(job);
    }
    throw new OtherModelError(job.embedding.bundle, bundle);
  }
  // Stays while this job waits, even when it is deleted in Discord: the store prunes no parent of an unfinished job.
  const parent = job.parentJobId === null ? undefined : parentOf(job.parentJobId);
  if (job.source.kind === 'variation') {
    return variationOf(job.embedding, job.source, parent);
  }
  const pictures = picturesBehind(job.embedding, parent);
  const reroll = { kind: 'embedding', embedding: job.embedding } as const;
  return pictures.length === 0 ? reroll : { ...reroll, pictures };
}

function wordsOf({ prompt, style }: Job): Condition {
  return { kind: 'text', prompt, ...(style === null ? {} : { style }) };
}

function variationOf(
  { vector, bundle }: Embedding,
  { parentIndex, strength }: Extract<Job['source'], { kind: 'variation' }>,
  parent: Job | undefined,
): Condition {
  const picture = parent?.pictures[parentIndex];
  if (picture === undefined) {
    throw new ParentGoneError();
  }
  const { imageTokens, condition } = picture;
  const embedding = { vector: condition?.embedding ?? vector, bundle };
  const variation = { kind: 'variation', embedding, imageTokens, strength } as const;
  return condition === undefined ? variation : { ...variation, sources: condition.sources };
}

/** What the parent's pictures were painted from, where it was painted from this very embedding. */
function picturesBehind(embedding: Embedding, parent: Job | undefined): readonly PictureCondition[] {
  const own = parent?.embedding;
  if (!own || !isSame(own, embedding)) {
    return [];
  }
  return parent.pictures.flatMap(({ condition }) => condition ?? []);
}

function isSame(a: Embedding, b: Embedding): boolean {
  return (
    fits(a, b.bundle) && a.vector.length === b.vector.length && a.vector.every((value, i) => value === b.vector[i])
  );
}
