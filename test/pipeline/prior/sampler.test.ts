import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RandomGenerator } from '../../../src/pipeline/prior/random.js';
import { type DrawSettings, Sampler } from '../../../src/pipeline/prior/sampler.js';

const PLAIN: DrawSettings = { temperature: 1, topK: 0, topP: 1, guidanceScale: 1 };

// Coarse steps, so that ties are common.
const logitsOf = (size: { min: number; max: number }) =>
  fc
    .array(fc.integer({ min: -24, max: 24 }), { minLength: size.min, maxLength: size.max })
    .map((values) => Float32Array.from(values, (value) => value / 4));
const logits = logitsOf({ min: 2, max: 200 });
const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** Tokens from the likeliest down, ties in rising order: what the sampler must agree with, written the slow way. */
function ranking(values: ArrayLike<number>): number[] {
  return Array.from(values, (_, token) => token).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
}

function probabilities(values: ArrayLike<number>, temperature: number): number[] {
  const highest = Math.max(...Array.from(values));
  const weights = Array.from(values, (value) => Math.exp((value - highest) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The tokens that top-k and then top-p leave in play. */
function allowed(values: Float32Array, { temperature, topK, topP }: DrawSettings): Set<number> {
  const kept = ranking(values).slice(0, topK === 0 ? values.length : topK);
  const shares = probabilities(
    kept.map((token) => values[token] ?? 0),
    temperature,
  );
  const set = new Set<number>();
  let sum = 0;
  for (const [i, token] of kept.entries()) {
    // A sum that meets the bound within rounding may stop here or one further.
    if (sum >= topP + 1e-9) {
      break;
    }
    set.add(token);
    sum += shares[i] ?? 0;
  }
  return set;
}

describe('Sampler', () => {
  test('temperature 0 takes the likeliest, and the lowest of equals', () => {
    fc.assert(
      fc.property(logits, seed, (values, anySeed) => {
        const token = new Sampler(values.length).draw(
          { ...PLAIN, temperature: 0 },
          new RandomGenerator(anySeed),
          values,
          0,
        );
        expect(token).toBe(ranking(values)[0]);
      }),
    );
  });

  test('never draws outside of what top-k and top-p leave', () => {
    const settings = fc.record({
      temperature: fc.double({ min: 0.05, max: 5, noNaN: true }),
      topK: fc.integer({ min: 0, max: 220 }),
      topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
      guidanceScale: fc.constant(1),
    });
    fc.assert(
      fc.property(logits, settings, seed, (values, how, anySeed) => {
        const sampler = new Sampler(values.length);
        const random = new RandomGenerator(anySeed);
        const set = allowed(values, how);
        for (let i = 0; i < 20; i++) {
          expect(set).toContain(sampler.draw(how, random, values, 0));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('reaches every token that top-k leaves', () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
    const sampler = new Sampler(64);
    const random = new RandomGenerator(5);
    const drawn = new Set(Array.from({ length: 3000 }, () => sampler.draw({ ...PLAIN, topK: 12 }, random, values, 0)));
    expect([...drawn].sort((a, b) => a - b)).toEqual(
      ranking(values)
        .slice(0, 12)
        .sort((a, b) => a - b),
    );
  });

  test.each([
    ['plain', PLAIN],
    ['cool', { ...PLAIN, temperature: 0.5 }],
    ['top-k', { ...PLAIN, topK: 8 }],
    ['top-p', { ...PLAIN, topP: 0.8 }],
    ['both', { ...PLAIN, topK: 10, topP: 0.9 }],
  ])('draws with softmax probabilities (%s): chi-square', (_, how) => {
    const values = Float32Array.from({ length: 16 }, (_, i) => 1.5 * Math.cos(i * 1.7));
    const set = allowed(values, how);
    const shares = probabilities(values, how.temperature).map((share, token) => (set.has(token) ? share : 0));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const draws = 40_000;
    const counts = new Array<number>(16).fill(0);
    const sampler = new Sampler(16);
    const random = new RandomGenerator(2024);
    for (let i = 0; i < draws; i++) {
      const token = sampler.draw(how, random, values, 0);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    let chiSquare = 0;
    for (const [token, share] of shares.entries()) {
      const wanted = (share / total) * draws;
      if (wanted > 0) {
        chiSquare += ((counts[token] ?? 0) - wanted) ** 2 / wanted;
      } else {
        expect(counts[token]).toBe(0);
      }
    }
    // 0.1 % of right samplers exceed df + 4·sqrt(2·df) at these sizes; the seed is fixed, so this is no lottery.
    const freedom = set.size - 1;
    expect(chiSquare).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom));
  });

  test('the same seed draws the same tokens, whatever was drawn before with another generator', () => {
    fc.assert(
      fc.property(logits, seed, seed, (values, mine, other) => {
        const how = { ...PLAIN, topK: 20, topP: 0.9 };
        const fresh = new Sampler(values.length);
        const used = new Sampler(values.length);
        used.draw(how, new RandomGenerator(other), values, 0);
        const [a, b] = [new RandomGenerator(mine), new RandomGenerator(mine)];
        for (let i = 0; i < 10; i++) {
          expect(used.draw(how, b, values, 0)).toBe(fresh.draw(how, a, values, 0));
        }
      }),
    );
  });

  test('guidance 1 is the conditional alone, 0 the null alone, and more leads away from the null', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), seed, (size, anySeed) => {
        const noise = new RandomGenerator(anySeed);
        const pair = Float32Array.from({ length: 2 * size }, () => noise.nextGaussian());
        const sampler = new Sampler(size);
        const draw = (guidanceScale: number, nullOffset?: number) =>
          nullOffset === undefined
            ? sampler.draw({ ...PLAIN, guidanceScale }, new RandomGenerator(anySeed), pair, 0)
            : sampler.draw({ ...PLAIN, guidanceScale }, new RandomGenerator(anySeed), pair, 0, pair, nullOffset);
        expect(draw(1, size)).toBe(draw(1));
        expect(draw(0, size)).toBe(sampler.draw(PLAIN, new RandomGenerator(anySeed), pair, size));

        const mixed = Float64Array.from({ length: size }, (_, i) => {
          const unconditional = pair[size + i] ?? 0;
          return unconditional + 3 * ((pair[i] ?? 0) - unconditional);
        });
        const greedy = sampler.draw({ ...PLAIN, temperature: 0, guidanceScale: 3 }, noise, pair, 0, pair, size);
        expect(greedy).toBe(ranking(mixed)[0]);
      }),
    );
  });

  test('a masked token (−∞) is never drawn; NaN and an infinite logit are an error', () => {
    const sampler = new Sampler(4);
    const random = new RandomGenerator(1);
    const masked = Float32Array.of(Number.NEGATIVE_INFINITY, 0, 0, Number.NEGATIVE_INFINITY);
    for (const how of [PLAIN, { ...PLAIN, topK: 3 }, { ...PLAIN, topP: 0.999 }]) {
      for (let i = 0; i < 50; i++) {
        expect([1, 2]).toContain(sampler.draw(how, random, masked, 0));
      }
    }
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => sampler.draw(PLAIN, random, Float32Array.of(0, bad, 0, 0), 0)).toThrowError(
        expect.objectContaining({ code: 'bad_logits' }),
      );
    }
  });

  test('copes with a codebook of 16,384 and every logit equal', () => {
    const size = 16_384;
    const sampler = new Sampler(size);
    const random = new RandomGenerator(3);
    const flat = new Float32Array(size);
    for (const how of [PLAIN, { ...PLAIN, topK: 500 }, { ...PLAIN, topK: 500, topP: 0.5 }, { ...PLAIN, topP: 0.1 }]) {
      const set = allowed(flat, how);
      for (let i = 0; i < 5; i++) {
        expect(set).toContain(sampler.draw(how, random, flat, 0));
      }
    }
  });
});
