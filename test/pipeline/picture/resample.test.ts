import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enlargePlanes, resizePlanes } from '../../../src/pipeline/picture/resample.js';

const value = fc.double({ min: 0, max: 1, noNaN: true });

describe('resizePlanes', () => {
  const size = fc.integer({ min: 1, max: 24 });

  test('keeps a flat picture flat, at any size', () => {
    fc.assert(
      fc.property(size, size, value, (from, to, level) => {
        const pixels = resizePlanes(new Float32Array(2 * from * from).fill(level), 2, from, to);
        expect(pixels).toHaveLength(2 * to * to);
        expect(pixels.every((pixel) => Math.abs(pixel - level) < 1e-5)).toBe(true);
      }),
    );
  });

  test('shrinking keeps the mean', () => {
    fc.assert(
      fc.property(size, size, fc.array(value, { minLength: 576, maxLength: 576 }), (a, b, values) => {
        const [from, to] = [Math.max(a, b), Math.min(a, b)];
        const planes = Float32Array.from(values.slice(0, from * from));
        const mean = (pixels: Float32Array) => pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
        expect(mean(resizePlanes(planes, 1, from, to))).toBeCloseTo(mean(planes), 4);
      }),
    );
  });

  test('halving averages two by two', () => {
    expect([...resizePlanes(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), 1, 4, 2)]).toEqual([
      2.5, 4.5, 10.5, 12.5,
    ]);
  });

  test('shrinking by a fraction counts each pixel by the share covered', () => {
    // Three columns become two: one and a half each.
    const row = resizePlanes(Float32Array.of(0, 3, 6, 0, 3, 6, 0, 3, 6), 1, 3, 2);
    for (const [i, wanted] of [1, 5, 1, 5].entries()) {
      expect(row[i]).toBeCloseTo(wanted, 5);
    }
  });

  test('enlarging follows a slope exactly, away from the edges', () => {
    const slope = Float32Array.from({ length: 64 }, (_, i) => i % 8);
    const large = resizePlanes(slope, 1, 8, 32);
    for (let x = 6; x < 26; x++) {
      expect(large[16 * 32 + x]).toBeCloseTo((x + 0.5) / 4 - 0.5, 5);
    }
  });
});

describe('enlargePlanes', () => {
  const keep = () => {};

  test('shrinks back to what it was made from, the closer the more rounds', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 64, maxLength: 64 }),
        fc.integer({ min: 2, max: 5 }),
        (values, factor) => {
          const planes = Float32Array.from(values);
          const errorAfter = (rounds: number) => {
            const back = resizePlanes(enlargePlanes(planes, 1, 8, 8 * factor, keep, rounds), 1, 8 * factor, 8);
            return Math.sqrt(back.reduce((sum, pixel, i) => sum + (pixel - (planes[i] ?? 0)) ** 2, 0) / 64);
          };
          expect(errorAfter(2)).toBeLessThanOrEqual(errorAfter(0) + 1e-6);
          expect(errorAfter(8)).toBeLessThan(0.05);
        },
      ),
    );
  });
});
