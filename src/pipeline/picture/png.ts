/** The only file that knows sharp: pixels ↔ encoded pictures. */

import sharp, { type Sharp } from 'sharp';

export interface RgbaPicture {
  /** width × height × 4 bytes, row by row, alpha not premultiplied. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface PictureHeader {
  /** As libvips names it: png, jpeg, webp, gif, … */
  readonly format: string;
  readonly width: number;
  readonly height: number;
}

export interface DecodeLimits {
  readonly maxPixels: number;
  readonly timeoutSeconds: number;
}

// Uploads are each seen once: a cache would only hold on to their pixels.
sharp.cache(false);

/** PNG with an alpha channel. With `colours` (2–256) it is quantised to a palette, which is several times smaller. */
export async function encodePng(
  picture: RgbaPicture,
  options: { readonly colours?: number } = {},
): Promise<Uint8Array> {
  const { colours } = options;
  return fromPixels(picture)
    .png(colours === undefined ? { compressionLevel: 7 } : { palette: true, colours, effort: 4, compressionLevel: 9 })
    .toBuffer();
}

/** What the file's header says; pixels are not decoded. Rejects with sharp's error when it is no picture. */
export async function readHeader(bytes: Uint8Array): Promise<PictureHeader> {
  const { format, width, height } = await sharp(bytes, { limitInputPixels: false, failOn: 'error' }).metadata();
  return { format: format ?? 'unknown', width: width ?? 0, height: height ?? 0 };
}

/**
 * The first frame, upright (EXIF), fitted whole into a square of `edgePx`, transparent around it, in sRGB. A picture
 * that fits exactly is not resampled. Rejects with sharp's error when it is damaged, too large or takes too long.
 */
export async function decodeContained(bytes: Uint8Array, edgePx: number, limits: DecodeLimits): Promise<RgbaPicture> {
  const data = await sharp(bytes, { limitInputPixels: limits.maxPixels, failOn: 'error', pages: 1, autoOrient: true })
    .timeout({ seconds: limits.timeoutSeconds })
    .toColourspace('srgb')
    .ensureAlpha()
    .resize(edgePx, edgePx, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 }, kernel: 'lanczos3' })
    .raw({ depth: 'uchar' })
    .toBuffer();
  return { data, width: edgePx, height: edgePx };
}

/** Pixels of an encoded picture at its own size, for tools and tests that compare pictures. */
export async function decodeRgba(bytes: Uint8Array): Promise<RgbaPicture> {
  const { data, info } = await sharp(bytes).ensureAlpha().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

function fromPixels({ data, width, height }: RgbaPicture): Sharp {
  return sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false });
}
