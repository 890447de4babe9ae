import type { RenderedPicture } from '../painter/painter.js';
import type { ActionParts, JobAsk } from './ask.js';
import { assertFinished, assertMayPress } from './find-job.js';
import { assertMayShow } from './guards/guards.js';
import { pictureAt, renderPicture } from './render-job.js';

/** Edge of one picture shown large. */
const UPSCALED_PX = 1024;

/** A picture that will be as small as whoever sends it asks for. */
export type Rendering = (maxBytes: number) => Promise<RenderedPicture>;

/**
 * One picture from its stored tokens, large, with sharp edges and its transparent background.
 * @throws LocalError when it may not be shown; the rendering rejects with one when another model painted it
 */
export function upscale(parts: ActionParts, ask: JobAsk, index: number): Rendering {
  const { painter, quick } = parts;
  assertMayLook(ask);
  pictureAt(ask.job, index);
  quick.admit(ask);
  return (maxBytes) =>
    quick.run(ask.asker, () => renderPicture(painter, ask.job, index, { sizePx: UPSCALED_PX, maxBytes }));
}

/** The first `maxPictures` of a job's pictures one by one, at their own size. @throws LocalError */
export async function separate(
  { painter, quick }: ActionParts,
  { asker, job }: JobAsk,
  options: { readonly maxPictures: number; readonly maxBytes: number },
): Promise<readonly RenderedPicture[]> {
  const sizePx = job.sizePx ?? (await painter.summary()).pictureSizePx;
  const pictures = job.pictures.slice(0, options.maxPictures);
  const maxBytes = options.maxBytes / pictures.length;
  const rendered = [];
  for (const index of pictures.keys()) {
    rendered.push(await quick.run(asker, () => renderPicture(painter, job, index, { sizePx, maxBytes })));
  }
  return rendered;
}

/** Looking at a job's pictures another way: as any press, and the bot must be able to show them. @throws LocalError */
export function assertMayLook(ask: JobAsk): void {
  assertFinished(ask.job);
  assertMayPress(ask);
  assertMayShow(ask.asker);
}
