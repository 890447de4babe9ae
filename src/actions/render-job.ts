import type { Job, StoredPicture } from '../domain/job.js';
import type { Painter, RenderedPicture } from '../painter/painter.js';
import { LocalError } from './local-error.js';

/** What Discord takes where it does not say: the smallest of its limits. */
export const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
/** Left free for the rest of the request. */
const REQUEST_MARGIN_BYTES = 64 * 1024;

/**
 * All pictures of a finished job as one file that Discord takes.
 * @throws LocalError when there are none, or when another model painted them.
 */
export async function renderJob(painter: Painter, job: Job, maxBytes: number): Promise<RenderedPicture> {
  await assertSameModel(painter, job);
  return painter.render({
    imageTokens: job.pictures.map((picture) => picture.imageTokens),
    ...(job.sizePx !== null && { sizePx: job.sizePx }),
    maxBytes: fileBytes(maxBytes),
  });
}

/** One picture of a finished job, large. */
export async function renderPicture(
  painter: Painter,
  job: Job,
  index: number,
  options: { readonly sizePx: number; readonly maxBytes: number },
): Promise<RenderedPicture> {
  await assertSameModel(painter, job);
  return painter.render({
    imageTokens: [pictureAt(job, index).imageTokens],
    sizePx: options.sizePx,
    maxBytes: fileBytes(options.maxBytes),
  });
}

/** Tokens and embeddings mean something to the model that made them alone. */
export async function assertSameModel(painter: Painter, job: Job): Promise<void> {
  if (job.pictures.length === 0) {
    throw new LocalError('no_pictures', (t) => t('error.noPictures'));
  }
  const { id } = await painter.summary();
  const was = job.bundle;
  if (was !== null && was !== id) {
    throw new LocalError('other_model', (t) => t('error.otherModel', { was, now: id }));
  }
}

/** @throws LocalError when the job has no such picture */
export function pictureAt(job: Job, index: number): StoredPicture {
  const picture = job.pictures[index];
  if (picture === undefined) {
    throw new LocalError('no_pictures', (t) => t('error.noPictures'));
  }
  return picture;
}

function fileBytes(maxBytes: number): number {
  return Math.floor(Math.max(maxBytes * 0.75, maxBytes - REQUEST_MARGIN_BYTES));
}
