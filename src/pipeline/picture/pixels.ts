/** Conversions between the planar floats that graphs speak and the RGBA bytes that people see. */

import type { RgbaPicture } from './png.js';

/** A picture as decoders give it and encoders take it: [C × S × S] in 0–1, premultiplied where there is alpha. */
export interface PlanarPicture {
  readonly data: Float32Array;
  readonly channels: 3 | 4;
  readonly size: number;
}

/**
 * Alpha this near to nothing or to everything (of 255) is meant to be just that. Decoders leave a faint noise where
 * nothing is; divided by it, colour would become visible specks. Without it the PNG is also a quarter smaller.
 */
const ALPHA_NOISE = 8;

/** Planar, premultiplied floats → straight RGBA bytes. Values outside 0–1 are clamped; no alpha means opaque. */
export function toRgba({ data, channels, size }: PlanarPicture): RgbaPicture {
  const count = size * size;
  const rgba = new Uint8Array(count * 4);
  for (let i = 0; i < count; i++) {
    const alpha = channels === 4 ? (data[3 * count + i] as number) : 1;
    const byte = toByte(alpha);
    if (byte <= ALPHA_NOISE) {
      continue; // Transparent black: colour that nobody sees would only make the file larger.
    }
    rgba[4 * i + 3] = byte >= 255 - ALPHA_NOISE ? 255 : byte;
    for (let channel = 0; channel < 3; channel++) {
      rgba[4 * i + channel] = toByte((data[channel * count + i] as number) / alpha);
    }
  }
  return { data: rgba, width: size, height: size };
}

/** Straight RGBA bytes of a square picture → planar, premultiplied floats; without alpha it is laid on `background`. */
export function fromRgba(picture: RgbaPicture, channels: 3 | 4, background: readonly number[]): PlanarPicture {
  const count = picture.width * picture.height;
  const data = new Float32Array(channels * count);
  for (let i = 0; i < count; i++) {
    const alpha = (picture.data[4 * i + 3] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel++) {
      const value = ((picture.data[4 * i + channel] ?? 0) / 255) * alpha;
      data[channel * count + i] = channels === 4 ? value : value + (1 - alpha) * (background[channel] ?? 0);
    }
    if (channels === 4) {
      data[3 * count + i] = alpha;
    }
  }
  return { data, channels, size: picture.width };
}

/** Three opaque planes: a picture with alpha is laid on `background` (three numbers in 0–1). */
export function layOnBackground({ data, channels, size }: PlanarPicture, background: readonly number[]): Float32Array {
  const count = size * size;
  const planes = data.slice(0, 3 * count);
  if (channels === 3) {
    return planes;
  }
  for (let channel = 0; channel < 3; channel++) {
    const behind = background[channel] ?? 0;
    for (let i = 0; i < count; i++) {
      const index = channel * count + i;
      planes[index] = (planes[index] ?? 0) + (1 - (data[3 * count + i] ?? 0)) * behind;
    }
  }
  return planes;
}

function toByte(value: number): number {
  return Math.round(Math.max(0, Math.min(1, value)) * 255);
}
