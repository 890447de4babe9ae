import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decode, encode } from '../../../src/painter/redis/codec.js';
import { painterAnswers, painterCall } from '../../../src/painter/wire.js';

const json = fc.jsonValue({ maxDepth: 3 });
const arrays = fc.oneof(
  fc.uint8Array(),
  fc.uint16Array(),
  fc.float32Array(),
  fc.constant(new Uint8Array([9, 1, 2, 9]).subarray(1, 3)),
);

it('carries typed arrays through JSON, wherever they stand', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), arrays, fc.array(arrays), (rest, one, several) => {
      const value = { ...rest, one, several };
      expect(decode(encode(value))).toEqual({ ...JSON.parse(JSON.stringify(rest)), one, several });
    }),
    { numRuns: 40 },
  );
});

it('carries a Buffer as bytes, and refuses an array that is cut off', () => {
  expect(decode(encode({ png: Buffer.from('png') }))).toEqual({ png: Uint8Array.from(Buffer.from('png')) });
  expect(() => decode('{"$f32":"AAA="}')).toThrow(SyntaxError);
  expect(() => decode('nonsense')).toThrow(SyntaxError);
});

const text = fc.string({ unit: 'binary' });
// JSON has one zero and no infinities, and no number of the painter's is one.
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const whole = fc.record({ vector: fc.float32Array(), bundle: text });
const source = fc.record({ name: text, set: text, author: text, licence: text });
const pictureCondition = fc.record(
  {
    embedding: fc.float32Array(),
    guideTokens: fc.uint16Array(),
    guidePull: number,
    sources: fc.array(source, { maxLength: 3 }),
  },
  { requiredKeys: ['embedding', 'sources'] },
);

it('carries calls with what stored pictures were painted from', () => {
  const condition = fc.oneof(
    fc.record(
      {
        kind: fc.constant('embedding' as const),
        embedding: whole,
        pictures: fc.array(pictureCondition, { maxLength: 4 }),
      },
      { requiredKeys: ['kind', 'embedding'] },
    ),
    fc.record(
      {
        kind: fc.constant('variation' as const),
        embedding: whole,
        imageTokens: fc.uint16Array(),
        strength: fc.constantFrom('subtle' as const, 'strong' as const),
        sources: fc.array(source, { maxLength: 3 }),
      },
      { requiredKeys: ['kind', 'embedding', 'imageTokens', 'strength'] },
    ),
  );
  const request = fc.record({ condition, count: fc.integer({ min: 1, max: 16 }), seed: fc.maxSafeNat() });
  fc.assert(
    fc.property(request, (asked) => {
      const call = { method: 'paint', request: asked } as const;
      expect(painterCall.parse(decode(encode(call)))).toEqual(call);
    }),
    { numRuns: 100 },
  );
});

it('carries answers with what each picture was painted from and how the words were read', () => {
  const picture = fc.record(
    {
      seed: fc.maxSafeNat(),
      imageTokens: fc.uint16Array(),
      fit: number,
      condition: pictureCondition,
    },
    { requiredKeys: ['seed', 'imageTokens', 'fit'] },
  );
  const result = fc.record(
    {
      embedding: whole,
      sampling: fc.record({
        temperature: fc.double({ min: 0, max: 5, noNaN: true }).map((value) => value + 0),
        topK: fc.nat(),
        topP: fc.double({ min: 0, minExcluded: true, max: 1, noNaN: true }),
        guidanceScale: fc.double({ min: 0, max: 20, noNaN: true }).map((value) => value + 0),
        candidateCount: fc.integer({ min: 1, max: 128 }),
      }),
      words: fc.record({
        understood: fc.array(text, { maxLength: 3 }),
        unknown: fc.array(text, { maxLength: 3 }),
      }),
      pictures: fc.array(picture, { maxLength: 4 }),
      timings: fc.record({
        loadMs: number,
        encodeMs: number,
        generateMs: number,
        decodeMs: number,
        rankMs: number,
        totalMs: number,
      }),
    },
    { requiredKeys: ['embedding', 'sampling', 'pictures', 'timings'] },
  );
  fc.assert(
    fc.property(result, (painted) => {
      expect(painterAnswers.paint.parse(decode(encode(painted)))).toEqual(painted);
    }),
    { numRuns: 100 },
  );
});
