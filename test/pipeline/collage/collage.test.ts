import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CollagePart, layOutCollage } from '../../../src/pipeline/collage/collage.js';
import { boxesOfCopies, regionsOfParts } from '../../../src/pipeline/collage/layout.js';
import { COLOURS, emptyPicture, featuresOf, paste, tint } from '../../../src/pipeline/collage/picture.js';
import type { PlanarPicture } from '../../../src/pipeline/picture/pixels.js';
import type { ColourName } from '../../../src/pipeline/words/scene.js';

const SIZE = 48;
const COUNT = SIZE * SIZE;

/** An opaque disc of one colour that fills most of the picture; `eyes` are two black dots on it. */
function disc([r, g, b]: readonly number[], { eyes = false } = {}): PlanarPicture {
  const { data } = emptyPicture(SIZE);
  for (let i = 0; i < COUNT; i++) {
    const [x, y] = [(i % SIZE) + 0.5, Math.floor(i / SIZE) + 0.5];
    if (Math.hypot(x - SIZE / 2, y - SIZE / 2) > SIZE * 0.45) {
      continue;
    }
    const isEye = eyes && [0.35, 0.65].some((at) => Math.hypot(x - at * SIZE, y - 0.4 * SIZE) < SIZE * 0.07);
    [r, g, b, 1].forEach((value, channel) => {
      data[channel * COUNT + i] = isEye && channel < 3 ? 0 : (value ?? 0);
    });
  }
  return { data, channels: 4, size: SIZE };
}

const part = (picture: PlanarPicture, more: Partial<CollagePart> = {}): CollagePart => ({
  picture,
  count: 1,
  wears: [],
  ...more,
});
const RED = disc([0.9, 0.1, 0.1]);
const GREY = disc([0.5, 0.5, 0.5]);

/** Separate opaque areas, by flooding. */
function objectsIn({ data, size }: PlanarPicture): number {
  const isOpaque = Array.from({ length: size * size }, (_, i) => (data[3 * size * size + i] ?? 0) > 0.5);
  let found = 0;
  for (let start = 0; start < isOpaque.length; start++) {
    if (!isOpaque[start]) {
      continue;
    }
    found++;
    const open = [start];
    while (open.length > 0) {
      const at = open.pop() ?? 0;
      if (!isOpaque[at]) {
        continue;
      }
      isOpaque[at] = false;
      const x = at % size;
      if (x > 0) {
        open.push(at - 1);
      }
      if (x < size - 1) {
        open.push(at + 1);
      }
      if (at >= size) {
        open.push(at - size);
      }
      if (at < size * (size - 1)) {
        open.push(at + size);
      }
    }
  }
  return found;
}

const meanColour = ({ data, size }: PlanarPicture) => {
  const count = size * size;
  const alpha = data.subarray(3 * count).reduce((sum, value) => sum + value, 0);
  return [0, 1, 2].map((c) => data.subarray(c * count, (c + 1) * count).reduce((sum, value) => sum + value, 0) / alpha);
};

describe('copies', () => {
  test.each([1, 2, 3, 4, 5, 6])('%i of a thing are that many separate things', (count) => {
    const collage = layOutCollage([part(RED, { count })], { relation: 'beside' }, 128);
    expect(objectsIn(collage)).toBe(count);
  });

  test('every place lies inside the picture', () => {
    for (const relation of ['beside', 'above', 'below', 'holding'] as const) {
      for (const parts of [1, 2, 3, 4]) {
        for (const region of regionsOfParts(parts, relation)) {
          for (const count of [1, 2, 3, 4, 5, 6]) {
            for (const [x, y, edge] of boxesOfCopies(count, region)) {
              expect(Math.min(x, y) - edge / 2).toBeGreaterThanOrEqual(-0.021);
              expect(Math.max(x, y) + edge / 2).toBeLessThanOrEqual(1.021);
            }
          }
        }
      }
    }
  });
});

describe('relations', () => {
  const blueHeight = (collage: PlanarPicture) => {
    const count = collage.size ** 2;
    let [sum, weight] = [0, 0];
    for (let i = 0; i < count; i++) {
      const value = collage.data[2 * count + i] as number;
      sum += value * Math.floor(i / collage.size);
      weight += value;
    }
    return sum / weight / collage.size;
  };
  const blue = disc([0, 0, 1]);
  const yellow = disc([1, 1, 0]);

  test.each([
    ['above', (height: number) => height < 0.45],
    ['below', (height: number) => height > 0.55],
  ] as const)('the first is %s the second', (relation, isThere) => {
    expect(isThere(blueHeight(layOutCollage([part(blue), part(yellow)], { relation }, 96)))).toBe(true);
  });
});

describe('colours', () => {
  test.each(Object.keys(COLOURS) as ColourName[])('a grey thing becomes %s', (colour) => {
    const painted = meanColour(tint(GREY, colour));
    painted.forEach((value, channel) => {
      expect(Math.abs(value - (COLOURS[colour][channel] ?? 0))).toBeLessThan(0.12);
    });
  });

  test('a background fills what was see-through and nothing else', () => {
    const collage = layOutCollage([part(RED)], { relation: 'beside', background: 'blue' }, SIZE);
    expect(collage.data.subarray(3 * COUNT).every((alpha) => alpha === 1)).toBe(true);
    expect(collage.data[2 * COUNT]).toBeCloseTo(COLOURS.blue[2], 5);
    const middle = (SIZE / 2) * SIZE + SIZE / 2;
    expect(collage.data[middle]).toBeCloseTo(0.9, 1);
  });

  test('without one the corners stay see-through', () => {
    const collage = layOutCollage([part(RED, { count: 3, colour: 'blue' })], { relation: 'beside' }, 64);
    expect(collage.data[3 * 64 * 64]).toBe(0);
  });
});

describe('faces', () => {
  test('come off their disc: eyes stay, skin goes', () => {
    const features = featuresOf(disc([0.98, 0.8, 0.3], { eyes: true }));
    expect(objectsIn(features)).toBe(2);
  });

  test('land on the thing that gets them', () => {
    const face = disc([0.98, 0.8, 0.3], { eyes: true });
    const with_ = layOutCollage([part(RED, { face })], { relation: 'beside' }, SIZE);
    const without = layOutCollage([part(RED)], { relation: 'beside' }, SIZE);
    const changed = with_.data.reduce((sum, value, i) => sum + Math.abs(value - (without.data[i] ?? 0)), 0);
    expect(changed).toBeGreaterThan(5);
    expect(meanColour(with_)[0]).toBeGreaterThan(0.7);
  });
});

test('whatever is laid out stays premultiplied and within 0 and 1', () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const place = fc.tuple(unit, unit, fc.double({ min: 0.1, max: 1, noNaN: true }));
  fc.assert(
    fc.property(fc.array(place, { minLength: 1, maxLength: 4 }), fc.integer({ min: 20, max: 64 }), (places, size) => {
      const canvas = emptyPicture(size);
      for (const at of places) {
        paste(canvas, RED, at);
      }
      const count = size * size;
      for (let i = 0; i < count; i++) {
        const alpha = canvas.data[3 * count + i] as number;
        const colours = [0, 1, 2].map((channel) => canvas.data[channel * count + i] as number);
        if (alpha < 0 || alpha > 1 || Math.max(...colours) > alpha + 1e-5) {
          expect.fail(`pixel ${i} is ${colours} at alpha ${alpha}`);
        }
      }
    }),
    { numRuns: 15 },
  );
});
