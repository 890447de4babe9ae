import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodeBook } from '../../../src/pipeline/prior/guide.js';
import { RandomGenerator } from '../../../src/pipeline/prior/random.js';
import { Sampler } from '../../../src/pipeline/prior/sampler.js';

const PRIOR = { codesPerPosition: 2, codebookSize: 6 };
const WIDTH = 3;

const codes = fc
  .array(fc.integer({ min: -20, max: 20 }), { minLength: 36, maxLength: 36 })
  .map((values) => Float32Array.from(values, (value) => value / 10));
const tokens = fc
  .array(fc.integer({ min: 0, max: 5 }), { minLength: 8, maxLength: 8 })
  .map((values) => Uint16Array.from(values));
const place = fc.record({ position: fc.integer({ min: 0, max: 3 }), code: fc.integer({ min: 0, max: 1 }) });

const vectorOf = (all: Float32Array, group: number, token: number) =>
  Array.from(all.subarray((group * 6 + token) * WIDTH, (group * 6 + token + 1) * WIDTH));
const squaredDistance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);

describe('a guide prefers codes by their distance', () => {
  test('product codes: from the guide’s own code in this place', () => {
    fc.assert(
      fc.property(codes, tokens, tokens, place, (all, guide, drawn, { position, code }) => {
        const book = new CodeBook(all, PRIOR, false);
        const found = book.preferences(guide, drawn, position, code, 2).slice();
        const wanted = vectorOf(all, code, guide[position * 2 + code] as number);
        const expected = Array.from({ length: 6 }, (_, token) => -squaredDistance(wanted, vectorOf(all, code, token)));
        expectSameButForAConstant(found, expected);
      }),
    );
  });

  test('residual codes: from what the guide still has to say after what is drawn', () => {
    fc.assert(
      fc.property(codes, tokens, tokens, place, (all, guide, drawn, { position, code }) => {
        const book = new CodeBook(all, PRIOR, true);
        const found = book.preferences(guide, drawn, position, code, 2).slice();
        const whole = [0, 1, 2].map((i) =>
          [0, 1].reduce((sum, g) => sum + (vectorOf(all, g, guide[position * 2 + g] as number)[i] ?? 0), 0),
        );
        const before = code === 0 ? [0, 0, 0] : vectorOf(all, 0, drawn[position * 2] as number);
        const rest = whole.map((value, i) => value - (before[i] ?? 0));
        const expected = Array.from({ length: 6 }, (_, token) => -squaredDistance(rest, vectorOf(all, code, token)));
        expectSameButForAConstant(found, expected);
      }),
    );
  });

  test('without a pull nothing is preferred', () => {
    const book = new CodeBook(new Float32Array(36).fill(0.5), PRIOR, false);
    const none = book.preferences(new Uint16Array(8), new Uint16Array(8), 1, 1, 0);
    expect([...none].every((value) => value === 0)).toBe(true);
  });
});

/** Logits mean the same when a constant is added to all of them. */
function expectSameButForAConstant(found: Float32Array, expected: readonly number[]): void {
  const shift = (found[0] ?? 0) - (expected[0] ?? 0);
  expected.forEach((value, token) => {
    expect(found[token]).toBeCloseTo(value + shift, 3);
  });
}

describe('the sampler with preferences', () => {
  const PLAIN = { temperature: 1, topK: 0, topP: 1, guidanceScale: 1 };

  test('draws as from the sum of both', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -24, max: 24 }), { minLength: 5, maxLength: 5 }),
        fc.array(fc.integer({ min: -24, max: 24 }), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: 0, max: 1000 }),
        (logits, preferences, seed) => {
          const sampler = new Sampler(5);
          const sum = Float32Array.from(logits, (value, i) => (value + (preferences[i] ?? 0)) / 4);
          const apart = sampler.draw(
            PLAIN,
            new RandomGenerator(seed),
            Float32Array.from(logits, (value) => value / 4),
            0,
            undefined,
            0,
            Float32Array.from(preferences, (value) => value / 4),
          );
          expect(apart).toBe(sampler.draw(PLAIN, new RandomGenerator(seed), sum, 0));
        },
      ),
    );
  });

  test('the likeliest token is the likeliest with them', () => {
    const greedy = { ...PLAIN, temperature: 0 };
    const logits = Float32Array.of(3, 2, 0);
    const token = new Sampler(3).draw(
      greedy,
      new RandomGenerator(1),
      logits,
      0,
      undefined,
      0,
      Float32Array.of(0, 0, 9),
    );
    expect(token).toBe(2);
  });
});
