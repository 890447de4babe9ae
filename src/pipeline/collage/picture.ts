/** What can be done to premultiplied RGBA pictures before they are laid out. */

import { TesseraError } from '../../domain/errors.js';
import type { PlanarPicture } from '../picture/pixels.js';
import { resizePlanes } from '../picture/resample.js';
import type { ColourName } from '../words/scene.js';

/** RGB in 0–1: the colours that things were given in training (training/tessera_training/data/captions.py). */
export const COLOURS: Readonly<Record<ColourName, readonly [number, number, number]>> = {
  red: [0.86, 0.2, 0.18],
  orange: [0.96, 0.56, 0.13],
  yellow: [0.98, 0.84, 0.24],
  green: [0.3, 0.69, 0.31],
  blue: [0.18, 0.46, 0.87],
  purple: [0.55, 0.28, 0.73],
  pink: [0.97, 0.56, 0.73],
  brown: [0.5, 0.34, 0.24],
  black: [0.1, 0.1, 0.11],
  white: [0.97, 0.97, 0.97],
  grey: [0.55, 0.57, 0.6],
};

const LUMINANCE = [0.299, 0.587, 0.114] as const;
/** Above 1: what is only a little lighter than the whole keeps the colour, real highlights stay white. */
const GLOSS = 1.5;
const STRENGTH = 0.9;

/** A see-through picture of `size` × `size`. */
export function emptyPicture(size: number): PlanarPicture {
  return { data: new Float32Array(4 * size * size), channels: 4, size };
}

/**
 * The same thing in another colour: a ramp from black over the colour to white, the mean luminance becoming the colour
 * itself, so that outlines stay dark and eyes and highlights light (training/tessera_training/data/tint.py is the same).
 */
export function tint({ data, channels, size }: PlanarPicture, colour: ColourName): PlanarPicture {
  const count = size * size;
  const target = COLOURS[colour];
  const light = new Float32Array(count);
  let [weighted, total] = [0, 0];
  for (let i = 0; i < count; i++) {
    const alpha = alphaAt(data, channels, count, i);
    let sum = 0;
    for (let channel = 0; channel < 3; channel++) {
      sum += ((data[channel * count + i] as number) / Math.max(alpha, 1e-3)) * (LUMINANCE[channel] as number);
    }
    light[i] = Math.min(1, Math.max(0, sum));
    weighted += (light[i] as number) * alpha;
    total += alpha;
  }
  const middle = Math.min(0.85, Math.max(0.2, weighted / Math.max(total, 1e-3)));
  const tinted = data.slice();
  for (let i = 0; i < count; i++) {
    const alpha = alphaAt(data, channels, count, i);
    const shade = Math.min(1, (light[i] as number) / middle);
    const gloss = Math.max(0, ((light[i] as number) - middle) / (1 - middle)) ** GLOSS;
    for (let channel = 0; channel < 3; channel++) {
      const own = (data[channel * count + i] as number) / Math.max(alpha, 1e-3);
      const wanted = target[channel] as number;
      const ramp = wanted * shade + (1 - wanted) * gloss;
      tinted[channel * count + i] = Math.min(1, Math.max(0, own + STRENGTH * (ramp - own))) * alpha;
    }
  }
  return { data: tinted, channels, size };
}

/** Lays `picture`, scaled, over `canvas` in place. Centre and edge in units of the canvas; it is kept inside. */
export function paste(canvas: PlanarPicture, picture: PlanarPicture, [x, y, edge]: Box): void {
  if (canvas.channels !== 4 || picture.channels !== 4) {
    throw new TesseraError('no_alpha', 'A collage needs pictures with transparency.');
  }
  const { size } = canvas;
  const pixels = Math.max(8, Math.min(size, Math.round(edge * size)));
  const scaled = resizePlanes(picture.data, 4, picture.size, pixels);
  const keepInside = (start: number) => Math.round(Math.min(Math.max(start, 0), size - pixels));
  const [left, top] = [keepInside(x * size - pixels / 2), keepInside(y * size - pixels / 2)];
  for (let row = 0; row < pixels; row++) {
    for (let column = 0; column < pixels; column++) {
      const from = row * pixels + column;
      const to = (top + row) * size + left + column;
      const through = 1 - (scaled[3 * pixels * pixels + from] as number);
      for (let channel = 0; channel < 4; channel++) {
        const at = channel * size * size + to;
        const value = (scaled[channel * pixels * pixels + from] as number) + through * (canvas.data[at] as number);
        canvas.data[at] = Math.min(1, Math.max(0, value));
      }
    }
  }
}

/** Left and right exchanged. */
export function mirrored({ data, channels, size }: PlanarPicture): PlanarPicture {
  const flipped = data.map((_, i) => data[i - (i % size) + (size - 1 - (i % size))] as number);
  return { data: flipped, channels, size };
}

/** Centre (x, y) and edge, in units of the picture. */
export type Box = readonly [x: number, y: number, edge: number];

/** The picture in front of one plain colour. */
export function onColour({ data, size }: PlanarPicture, colour: ColourName): PlanarPicture {
  const count = size * size;
  const filled = data.slice();
  for (let i = 0; i < count; i++) {
    const through = 1 - (data[3 * count + i] as number);
    for (let channel = 0; channel < 3; channel++) {
      filled[channel * count + i] =
        (data[channel * count + i] as number) + through * (COLOURS[colour][channel] as number);
    }
    filled[3 * count + i] = 1;
  }
  return { data: filled, channels: 4, size };
}

/** The colour that most of an opaque picture has, RGB in 0–1: the fullest of 8 × 8 × 8 bins, averaged. */
function mainColour(data: Float32Array, count: number): readonly number[] {
  const sums = new Map<number, [number, number, number, number]>();
  for (let i = 0; i < count; i++) {
    if ((data[3 * count + i] as number) < 0.9) {
      continue;
    }
    const rgb = [0, 1, 2].map((channel) => data[channel * count + i] as number);
    const bin = rgb.reduce((key, value) => key * 8 + Math.min(7, Math.floor(value * 8)), 0);
    const sum = sums.get(bin) ?? [0, 0, 0, 0];
    rgb.forEach((value, channel) => {
      sum[channel] = (sum[channel] as number) + value;
    });
    sum[3]++;
    sums.set(bin, sum);
  }
  const [r, g, b, n] = [...sums.values()].reduce((best, sum) => (sum[3] > best[3] ? sum : best), [0, 0, 0, 0]);
  return [r / Math.max(1, n), g / Math.max(1, n), b / Math.max(1, n)];
}

/** Colours this near to a face's main one (of √3) are its skin, and this far are surely features. */
const SKIN_NEAR = 0.22;
const SKIN_FAR = 0.42;

/** Eyes, mouth and tears of a face without the disc behind them: what differs from its main colour. */
export function featuresOf({ data, channels, size }: PlanarPicture): PlanarPicture {
  const count = size * size;
  const skin = mainColour(data, count);
  const kept = data.slice();
  for (let i = 0; i < count; i++) {
    const alpha = data[3 * count + i] as number;
    const distance = Math.hypot(
      ...[0, 1, 2].map(
        (channel) => (data[channel * count + i] as number) / Math.max(alpha, 1e-3) - (skin[channel] ?? 0),
      ),
    );
    // The rim of the disc is neither skin nor feature: it lies outside the circle that features lie in.
    const fromCentre = Math.hypot((i % size) - size / 2, Math.floor(i / size) - size / 2) / size;
    const share = fromCentre > 0.4 ? 0 : Math.min(1, Math.max(0, (distance - SKIN_NEAR) / (SKIN_FAR - SKIN_NEAR)));
    for (let channel = 0; channel < 4; channel++) {
      kept[channel * count + i] = (kept[channel * count + i] as number) * share;
    }
  }
  return { data: kept, channels, size };
}

function alphaAt(data: Float32Array, channels: 3 | 4, count: number, index: number): number {
  return channels === 4 ? (data[3 * count + index] as number) : 1;
}
