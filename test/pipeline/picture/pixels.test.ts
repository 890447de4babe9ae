import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromRgba, layOnBackground, toRgba } from '../../../src/pipeline/picture/pixels.js';

const value = fc.double({ min: 0, max: 1, noNaN: true });

describe('toRgba', () => {
  test('divides colour by alpha, clamps, and drops colour that nobody sees', () => {
    const data = Float32Array.from(
      [
        [0.25, 0.9, 0.3, -1], // red, premultiplied, four pixels
        [0.5, 0, 0.3, 2],
        [0, 0, 0.3, 0.5],
        [0.5, 0, 0.001, 1], // alpha
      ].flat(),
    );
    const { data: rgba } = toRgba({ data, channels: 4, size: 2 });
    expect([...rgba]).toEqual([128, 255, 0, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 128, 255]);
  });

  test('three channels are opaque', () => {
    const { data } = toRgba({ data: Float32Array.of(1, 0.5, 0), channels: 3, size: 1 });
    expect([...data]).toEqual([255, 128, 0, 255]);
  });

  test('bytes survive the way to floats and back, where they can be seen', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
        const picture = { data: bytes, width: 4, height: 4 };
        const back = toRgba(fromRgba(picture, 4, [0, 0, 0])).data;
        const wanted = bytes.slice();
        for (let i = 0; i < 64; i += 4) {
          const alpha = bytes[i + 3] ?? 0;
          if (alpha <= 8) {
            wanted.fill(0, i, i + 4); // Noise: nothing is there.
          } else if (alpha >= 247) {
            wanted[i + 3] = 255;
          }
        }
        expect(back).toEqual(wanted);
      }),
    );
  });
});

describe('layOnBackground', () => {
  test('is the same before and after the way through planes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 36, maxLength: 36 }),
        fc.tuple(value, value, value),
        (bytes, background) => {
          const picture = { data: bytes, width: 3, height: 3 };
          const flat = fromRgba(picture, 3, background).data;
          const laid = layOnBackground(fromRgba(picture, 4, background), background);
          for (const [i, wanted] of flat.entries()) {
            expect(laid[i]).toBeCloseTo(wanted, 5);
          }
        },
      ),
    );
  });
});
