/** Pictures as they are sent: enlarged, side by side, and small enough. */

import { PictureTooLargeError } from '../../domain/errors.js';
import type { RenderedPicture } from '../../painter/painter.js';
import { fromRgba, toRgba } from './pixels.js';
import { encodePng, type RgbaPicture } from './png.js';
import { enlargePlanes, resizePlanes } from './resample.js';

/** Share of a picture's edge that is left free between pictures of a grid. */
const GAP_SHARE = 1 / 32;
const PALETTES = [256, 128, 64] as const;
/** A palette makes a picture at most about this many times smaller. */
const PALETTE_GAIN = 8;
/** Shrunk by less than this, a picture hardly gets smaller. */
const MAX_SHRINK = 0.8;
/** Below this edge nobody can tell what a picture shows. */
const MIN_EDGE_PX = 32;

/** Columns of a grid: 1 for one picture, 2 up to four, 3 up to nine, then 4. */
export function columnsOf(pictureCount: number): number {
  if (pictureCount <= 1) {
    return 1;
  }
  if (pictureCount <= 4) {
    return 2;
  }
  return pictureCount <= 9 ? 3 : 4;
}

/** Pictures of one size side by side, row by row, with a small transparent gap. A single picture stays as it is. */
export function layOutGrid(pictures: readonly RgbaPicture[]): RgbaPicture {
  const [first] = pictures;
  if (first === undefined) {
    return { data: new Uint8Array(0), width: 0, height: 0 };
  }
  if (pictures.length === 1) {
    return first;
  }
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

/**
 * A square picture at `edgePx`. Enlarged it keeps sharp edges and its transparent background: resampling works on
 * premultiplied colour, so nothing shines through from where there is no picture.
 */
export function resizePicture(picture: RgbaPicture, edgePx: number): RgbaPicture {
  const from = picture.width;
  if (from === edgePx) {
    return picture;
  }
  const planes = fromRgba(picture, 4, []).data;
  const data =
    edgePx < from ? resizePlanes(planes, 4, from, edgePx) : enlargePlanes(planes, 4, from, edgePx, clampPremultiplied);
  return toRgba({ data, channels: 4, size: edgePx });
}

/** Alpha into 0–1, colour into 0–alpha. */
function clampPremultiplied(planes: Float32Array): void {
  const count = planes.length / 4;
  for (let i = 0; i < count; i++) {
    const alpha = Math.max(0, Math.min(1, planes[3 * count + i] as number));
    planes[3 * count + i] = alpha;
    for (let at = i; at < 3 * count; at += count) {
      planes[at] = Math.max(0, Math.min(alpha, planes[at] as number));
    }
  }
}

/**
 * Pictures as one PNG of at most `maxBytes`: first with all its colours, then with a palette of 256, 128 and 64 colours,
 * then smaller, by as much as the bytes that are too many suggest.
 *
 * @param edgePx Edge of one picture.
 * @throws PictureTooLargeError when even pictures of 32 pixels do not fit.
 */
export async function renderPng(
  pictures: readonly RgbaPicture[],
  edgePx: number,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<RenderedPicture> {
  for (let edge = edgePx; ; ) {
    const grid = layOutGrid(pictures.map((picture) => resizePicture(picture, edge)));
    let smallestBytes = Number.POSITIVE_INFINITY;
    for (const colours of [undefined, ...PALETTES]) {
      const png = await encodePng(grid, colours === undefined ? {} : { colours });
      if (png.length <= maxBytes) {
        return { png, widthPx: grid.width, heightPx: grid.height };
      }
      smallestBytes = Math.min(smallestBytes, png.length);
      // No palette makes up for this much.
      if (smallestBytes > PALETTE_GAIN * maxBytes) {
        break;
      }
    }
    if (edge <= MIN_EDGE_PX) {
      throw new PictureTooLargeError(`The picture cannot be made to fit into ${maxBytes} bytes.`);
    }
    const shrink = Math.min(MAX_SHRINK, Math.sqrt(maxBytes / smallestBytes));
    edge = Math.max(MIN_EDGE_PX, Math.floor(edge * shrink));
  }
}
