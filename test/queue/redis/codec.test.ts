import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decode, encode } from '../../../src/queue/redis/codec.js';

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
