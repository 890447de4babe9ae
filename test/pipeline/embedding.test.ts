import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cosine, normalise, shiftToImages, slerp, varyEmbedding } from '../../src/pipeline/embedding.js';

const WIDTH = 64;
const vector = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: WIDTH, maxLength: WIDTH })
  .filter((values) => values.some((value) => Math.abs(value) > 1e-3))
  .map((values) => normalise(values));
const share = fc.double({ min: 0, max: 1, noNaN: true });
const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const calibration = {
  textMean: null,
  imageMean: null,
  variationNoise: { subtle: 0.15, strong: 0.35 },
  variationPull: { subtle: 0.5, strong: 0.25 },
};

const angle = (a: Float32Array, b: Float32Array) => Math.acos(cosine(a, b));
const length = (a: Float32Array) => Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));

describe('slerp', () => {
  test('stays on the sphere and divides the angle', () => {
    fc.assert(
      fc.property(vector, vector, share, (a, b, t) => {
        const point = slerp(a, b, t);
        expect(length(point)).toBeCloseTo(1, 5);
        const whole = angle(a, b);
        if (whole > 0.05 && whole < 3.09) {
          expect(angle(a, point)).toBeCloseTo(t * whole, 2);
        }
      }),
    );
  });

  test('begins at the first and ends at the second', () => {
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        expect(cosine(slerp(a, b, 0), a)).toBeCloseTo(1, 5);
        expect(cosine(slerp(a, b, 1), b)).toBeCloseTo(1, 5);
      }),
    );
  });

  test('equal and opposite vectors give a unit vector too', () => {
    fc.assert(
      fc.property(vector, share, (a, t) => {
        const opposite = a.map((value) => -value);
        expect(length(slerp(a, opposite, t))).toBeCloseTo(1, 5);
        expect(cosine(slerp(a, a, t), a)).toBeCloseTo(1, 5);
      }),
    );
  });
});

describe('normalise', () => {
  test('refuses what has no direction', () => {
    for (const bad of [
      [0, 0],
      [Number.NaN, 1],
      [Number.POSITIVE_INFINITY, 1],
    ]) {
      expect(() => normalise(bad)).toThrowError(expect.objectContaining({ code: 'bad_bundle' }));
    }
  });
});

describe('shiftToImages', () => {
  test('moves by the difference of the means and normalises', () => {
    const means = { ...calibration, textMean: [0.5, 0], imageMean: [0, 0.5] };
    const shifted = shiftToImages(Float32Array.of(1, 0), means);
    expect(shifted[0]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(shifted[1]).toBeCloseTo(Math.SQRT1_2, 6);
  });

  test('is nothing without both means', () => {
    const text = Float32Array.of(1, 0);
    expect(shiftToImages(text, { ...calibration, textMean: [1, 1] })).toBe(text);
  });
});

describe('varyEmbedding', () => {
  const strength = fc.constantFrom('subtle' as const, 'strong' as const);

  test('is a unit vector, the same for the same seed and another for another', () => {
    fc.assert(
      fc.property(vector, vector, strength, seed, (from, picture, how, anySeed) => {
        const one = varyEmbedding(from, picture, how, anySeed, calibration);
        expect(length(one)).toBeCloseTo(1, 5);
        expect(varyEmbedding(from, picture, how, anySeed, calibration)).toEqual(one);
        expect(varyEmbedding(from, picture, how, (anySeed + 1) >>> 0, calibration)).not.toEqual(one);
      }),
    );
  });

  test('lies about arctan σ away from where the pull leads, whatever the seed', () => {
    fc.assert(
      fc.property(vector, vector, strength, seed, (from, picture, how, anySeed) => {
        const pulled = slerp(from, picture, calibration.variationPull[how]);
        const moved = angle(pulled, varyEmbedding(from, picture, how, anySeed, calibration));
        const sigma = calibration.variationNoise[how];
        // Never beyond arcsin σ, where the noise would be tangent; close to arctan σ in 64 dimensions.
        expect(moved).toBeLessThanOrEqual(Math.asin(sigma) + 1e-3);
        expect(moved).toBeGreaterThan(Math.atan(sigma) * 0.75);
      }),
    );
  });

  test('without noise and with a full pull it is the picture itself', () => {
    const still = { ...calibration, variationNoise: { subtle: 0, strong: 0 }, variationPull: { subtle: 1, strong: 1 } };
    fc.assert(
      fc.property(vector, vector, seed, (from, picture, anySeed) => {
        expect(cosine(varyEmbedding(from, picture, 'subtle', anySeed, still), picture)).toBeCloseTo(1, 5);
      }),
    );
  });
});
