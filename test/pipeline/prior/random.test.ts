import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { candidateSeed, RandomGenerator } from '../../../src/pipeline/prior/random.js';

const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('RandomGenerator', () => {
  test('is the xoshiro128** of its authors', () => {
    // Reference: the C code of prng.di.unimi.it, with the state 1, 2, 3, 4.
    const reference = xoshiro([1, 2, 3, 4]);
    expect(Array.from({ length: 5 }, reference)).toEqual([11520, 0, 5927040, 70819200, 2031721883]);
    const generator = new RandomGenerator(7, 1);
    const same = xoshiro(stateOf(7, 1));
    for (let i = 0; i < 1000; i++) {
      expect(generator.nextInt32() >>> 0).toBe(same());
    }
  });

  test('keeps its numbers for good: pictures are painted again from seeds', () => {
    const generator = new RandomGenerator(42);
    expect(Array.from({ length: 3 }, () => generator.next())).toMatchInlineSnapshot(`
      [
        0.14775862861049116,
        0.9780117082366824,
        0.17848551739116458,
      ]
    `);
  });

  test('numbers are in [0, 1), even and centred', () => {
    fc.assert(
      fc.property(seed, fc.nat(5), (anySeed, stream) => {
        const generator = new RandomGenerator(anySeed, stream);
        const numbers = Array.from({ length: 2000 }, () => generator.next());
        expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
        const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
        expect(Math.abs(mean - 0.5)).toBeLessThan(0.05); // 7 standard errors
      }),
      { numRuns: 40 },
    );
  });

  test('neighbouring seeds and other streams are unrelated', () => {
    fc.assert(
      fc.property(seed, (anySeed) => {
        const first = (s: number, stream = 0) => new RandomGenerator(s, stream).next();
        const starts = [
          first(anySeed),
          first((anySeed + 1) >>> 0),
          first(anySeed, 1),
          first((anySeed ^ 0x8000_0000) >>> 0),
        ];
        expect(new Set(starts).size).toBe(4);
      }),
    );
  });

  test('gaussian numbers have mean 0 and variance 1', () => {
    const generator = new RandomGenerator(7);
    const numbers = Array.from({ length: 20_000 }, () => generator.nextGaussian());
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
    const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});

describe('candidateSeed', () => {
  test('the first candidate keeps the seed; all are valid seeds and differ', () => {
    fc.assert(
      fc.property(seed, (anySeed) => {
        const seeds = Array.from({ length: 128 }, (_, index) => candidateSeed(anySeed, index));
        expect(seeds[0]).toBe(anySeed);
        expect(seeds.every((s) => Number.isInteger(s) && s >= 0 && s < 2 ** 32)).toBe(true);
        expect(new Set(seeds).size).toBe(128);
      }),
    );
  });

  test('requests with neighbouring seeds share no picture', () => {
    const all = Array.from({ length: 100 }, (_, s) => Array.from({ length: 16 }, (_, i) => candidateSeed(s, i))).flat();
    expect(new Set(all).size).toBe(1600);
  });
});

/** Every step as the C code has it, in 64-bit arithmetic. */
function xoshiro(state: readonly number[]): () => number {
  let [a = 0n, b = 0n, c = 0n, d = 0n] = state.map((word) => BigInt(word >>> 0));
  const low = (x: bigint) => x & 0xffffffffn;
  const rotated = (x: bigint, k: bigint) => low(x << k) | (x >> (32n - k));
  return () => {
    const result = low(rotated(low(b * 5n), 7n) * 9n);
    const t = low(b << 9n);
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotated(d, 11n);
    return Number(result);
  };
}

/** The state that our seed and stream stand for: four numbers of a splitmix on lowbias32. */
function stateOf(seed: number, stream: number): number[] {
  const mix = (value: number) => {
    let x = value >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
    return (x ^ (x >>> 16)) >>> 0;
  };
  const start = mix(seed) ^ mix(Math.imul(stream + 1, 0x85ebca6b));
  const words = [1, 2, 3, 4].map((i) => mix((start + i * 0x9e3779b9) >>> 0));
  return words.map((word, i) => (i === 3 ? word | 1 : word));
}
