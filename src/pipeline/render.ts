/** Pictures as they are sent: enlarged, side by side, and small enough. */

import { PictureTooLargeError } from '../errors.js';
import { encodePng, type RgbaPicture, resizePng } from './png.js';
import type { RenderedPicture } from './types.js';

/** Share of a picture's edge that is left free between pictures of a grid. */
const GAP_SHARE = 1 / 32;
const PALETTES = [256, 128, 64] as const;
const SHRINK = 0.75;
/** Below this edge nobody can tell what a picture shows. */
const MIN_EDGE_PX = 32;

/** Columns of a grid: 1 for one picture, 2 up to four, 3 up to nine, then 4. */
export function columnsOf(pictureCount: number): number {
  if (pictureCount <= 1) return 1;
  if (pictureCount <= 4) return 2;
  return pictureCount <= 9 ? 3 : 4;
}

/** Pictures of one size side by side, row by row, with a small transparent gap. A single picture stays as it is. */
export function layOutGrid(pictures: readonly RgbaPicture[]): RgbaPicture {
  const [first] = pictures;
  if (first === undefined) return { data: new Uint8Array(0), width: 0, height: 0 };
  if (pictures.length === 1) return first;
  const columns = columnsOf(pictures.length);
  const rows = Math.ceil(pictures.length / columns);
  const gap = Math.max(2, Math.round(first.width * GAP_SHARE));
  const width = columns * first.width + (columns - 1) * gap;
  const height = rows * first.height + (rows - 1) * gap;
  const data = new Uint8Array(width * height * 4);
  pictures.forEach((picture, index) => {
    const left = (index % columns) * (first.width + gap);
    const top = Math.floor(index / columns) * (first.height + gap);
    for (let y = 0; y < picture.height; y++) {
      const line = picture.data.subarray(y * picture.width * 4, (y + 1) * picture.width * 4);
      data.set(line, ((top + y) * width + left) * 4);
    }
  });
  return { data, width, height };
}

/** The picture at `edgePx`, with edges as sharp as the enlargement allows. */
export async function enlarge(picture: RgbaPicture, edgePx: number): Promise<RgbaPicture> {
  return picture.width === edgePx ? picture : resizePng(picture, edgePx, edgePx);
}

/**
 * Pictures as one PNG of at most `maxBytes`: first with all its colours, then with a palette of 256, 128 and 64 colours,
 * then each time a quarter smaller.
 *
 * @param edgePx Edge of one picture.
 * @throws PictureTooLargeError when even pictures of 32 pixels do not fit.
 */
export async function renderPng(
  pictures: readonly RgbaPicture[],
  edgePx: number,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<RenderedPicture> {
  for (let edge = edgePx; ; edge = Math.max(MIN_EDGE_PX, Math.floor(edge * SHRINK))) {
    const grid = layOutGrid(await Promise.all(pictures.map((picture) => enlarge(picture, edge))));
    for (const colours of [undefined, ...PALETTES]) {
      const png = await encodePng(grid, colours === undefined ? {} : { colours });
      if (png.length <= maxBytes) return { png, widthPx: grid.width, heightPx: grid.height };
    }
    if (edge <= MIN_EDGE_PX)
      throw new PictureTooLargeError(`The picture cannot be made to fit into ${maxBytes} bytes.`);
  }
}
