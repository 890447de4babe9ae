import type { Job } from '../domain/job.js';
import type { PictureCondition } from '../domain/picture.js';
import type { Condition, PaintRequest } from '../painter/painter.js';
import { OtherModelError, ParentGoneError } from './errors.js';

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
  // Stays while this job waits, even when it is deleted in Discord: the store prunes no parent of an unfinished job.
  const parent = job.parentJobId === null ? undefined : parentOf(job.parentJobId);
  const madeWith = parent?.bundle ?? bundle;
  if (job.source.kind === 'variation') {
    const picture = parent?.pictures[job.source.parentIndex];
    const embedding = picture?.condition?.embedding ?? job.embedding ?? parent?.embedding;
    if (!picture || !embedding) throw new ParentGoneError();
    if (madeWith !== bundle) throw new OtherModelError(madeWith, bundle);
    const { imageTokens, condition } = picture;
    const variation = { kind: 'variation', embedding, imageTokens, strength: job.source.strength } as const;
    return condition === undefined ? variation : { ...variation, sources: condition.sources };
  }
  if (job.embedding !== null && madeWith === bundle) {
    const pictures = picturesBehind(job.embedding, parent);
    const reroll = { kind: 'embedding', embedding: job.embedding } as const;
    return pictures.length === 0 ? reroll : { ...reroll, pictures };
  }
  if (job.prompt === '') throw new OtherModelError(madeWith, bundle);
  return { kind: 'text', prompt: job.prompt, ...(job.style === null ? {} : { style: job.style }) };
}

/** What the parent's pictures were painted from, where it was painted from this very embedding. */
function picturesBehind(embedding: Float32Array, parent: Job | undefined): readonly PictureCondition[] {
  const own = parent?.embedding;
  if (!own || own.length !== embedding.length || own.some((value, i) => value !== embedding[i])) return [];
  return parent.pictures.flatMap(({ condition }) => condition ?? []);
}
