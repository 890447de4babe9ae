import { fits } from '../domain/embedding.js';
import type { ActionParts, JobAsk } from './ask.js';
import { assertFinished, assertMayPress } from './find-job.js';
import { LocalError } from './local-error.js';
import { allowedCount, inherited, randomSeed, type Stored, storeJob } from './store-job.js';

/**
 * The same condition again with another seed. The stored embedding is used, so the text encoder does not run; where
 * another model made it, the words are painted anew instead.
 * @param count typed by the member; by default as many as the job had, or as many as are allowed
 * @throws LocalError when neither is possible, or when refused
 */
export async function reroll(parts: ActionParts, ask: JobAsk, count?: number): Promise<Stored> {
  const { job } = ask;
  assertFinished(job);
  assertMayPress(ask);
  const { id: bundle } = await parts.painter.summary();
  const embedding = job.embedding !== null && fits(job.embedding, bundle) ? job.embedding : null;
  if (embedding === null && job.prompt === '') {
    const was = job.embedding?.bundle || '—';
    throw new LocalError('other_model', (t) => t('error.otherModel', { was, now: bundle }));
  }
  return storeJob(parts, ask, {
    ...inherited(job),
    source: { kind: embedding === null ? 'prompt' : 'embedding' },
    embedding,
    count: count ?? allowedCount(ask, job.count),
    seed: randomSeed(),
  });
}
