import { describe, expect, test } from 'vitest';
import { decodeRgba, type RgbaPicture } from '../../../src/pipeline/picture/png.js';
import { columnsOf, layOutGrid, renderPng, resizePicture } from '../../../src/pipeline/picture/render.js';
import { RandomGenerator } from '../../../src/pipeline/prior/random.js';

/** An opaque disc of one colour on nothing. */
function disc(edge: number, colour: readonly number[]): RgbaPicture {
  const data = new Uint8Array(edge * edge * 4);
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      if (Math.hypot(x - edge / 2 + 0.5, y - edge / 2 + 0.5) < edge * 0.4) {
        data.set([...colour, 255], (y * edge + x) * 4);
      }
    }
  }
  return { data, width: edge, height: edge };
}

function noise(edge: number): RgbaPicture {
  const random = new RandomGenerator(1);
  return {
    data: Uint8Array.from({ length: edge * edge * 4 }, () => random.nextInt32() & 255),
    width: edge,
    height: edge,
  };
}

const alphaAt = ({ data, width }: RgbaPicture, x: number, y: number) => data[(y * width + x) * 4 + 3];

describe('layOutGrid', () => {
  test.each([
    [1, 1, 1],
    [2, 2, 1],
    [3, 2, 2],
    [4, 2, 2],
    [5, 3, 2],
    [9, 3, 3],
    [10, 4, 3],
    [16, 4, 4],
  ])('%i pictures: %i columns, %i rows', (count, columns, rows) => {
    expect(columnsOf(count)).toBe(columns);
    const { width, height } = layOutGrid(Array.from({ length: count }, () => disc(64, [255, 0, 0])));
    expect([width, height]).toEqual([columns * 64 + (columns - 1) * 2, rows * 64 + (rows - 1) * 2]);
  });

  test('puts pictures row by row and leaves the gap and the empty cell transparent', () => {
    const full = (colour: number[]) => ({
      data: new Uint8Array(64 * 64 * 4).map((_, i) => [...colour, 255][i % 4] ?? 0),
      width: 64,
      height: 64,
    });
    const grid = layOutGrid([full([1, 0, 0]), full([2, 0, 0]), full([3, 0, 0])]);
    const at = (x: number, y: number) => [
      ...grid.data.subarray((y * grid.width + x) * 4, (y * grid.width + x) * 4 + 4),
    ];
    expect([at(0, 0)[0], at(66, 0)[0], at(0, 66)[0]]).toEqual([1, 2, 3]);
    expect([at(64, 5), at(65, 5), at(5, 64), at(100, 100)]).toEqual(new Array(4).fill([0, 0, 0, 0]));
  });
});

describe('resizePicture', () => {
  test('keeps a transparent background and adds no dark rim', async () => {
    const large = resizePicture(disc(32, [250, 200, 60]), 256);
    expect(alphaAt(large, 2, 2)).toBe(0);
    expect(alphaAt(large, 128, 128)).toBe(255);
    let darkest = 255;
    for (let i = 0; i < large.data.length; i += 4) {
      if ((large.data[i + 3] ?? 0) > 40) {
        darkest = Math.min(darkest, large.data[i] ?? 0);
      }
    }
    expect(darkest).toBeGreaterThan(225);
  });

  test('the edge of a disc stays narrow', async () => {
    const large = resizePicture(disc(32, [255, 255, 255]), 256);
    const line = Array.from({ length: 128 }, (_, x) => alphaAt(large, x, 128) ?? 0);
    const soft = line.filter((alpha) => alpha > 25 && alpha < 230).length;
    // Eight pixels stand for one: linear interpolation takes about 7 from 10 % to 90 %.
    expect(soft).toBeLessThanOrEqual(4);
  });

  test('the same size is the same picture', async () => {
    const picture = disc(32, [1, 2, 3]);
    expect(resizePicture(picture, 32)).toBe(picture);
  });
});

describe('renderPng', () => {
  test('says the size of what it wrote', async () => {
    const { png, widthPx, heightPx } = await renderPng([disc(32, [9, 9, 9]), disc(32, [99, 9, 9])], 128);
    const decoded = await decodeRgba(png);
    expect([decoded.width, decoded.height]).toEqual([widthPx, heightPx]);
    expect([widthPx, heightPx]).toEqual([128 * 2 + 4, 128]);
  });

  test('uses a palette before it shrinks, and shrinks before it gives up', async () => {
    const pictures = [noise(64)];
    const free = await renderPng(pictures, 64);
    const squeezed = await renderPng(pictures, 64, Math.floor(free.png.length / 2));
    expect(squeezed.png.length).toBeLessThanOrEqual(free.png.length / 2);
    expect(squeezed.widthPx).toBe(64);
    const small = await renderPng(pictures, 64, 2500);
    expect(small.png.length).toBeLessThanOrEqual(2500);
    expect(small.widthPx).toBeLessThan(64);
    await expect(renderPng(pictures, 64, 300)).rejects.toMatchObject({ code: 'picture_too_large' });
  });

  test('a palette keeps the background transparent', async () => {
    const free = await renderPng([disc(64, [200, 30, 30])], 256);
    const { png } = await renderPng([disc(64, [200, 30, 30])], 256, free.png.length - 1);
    expect(alphaAt(await decodeRgba(png), 1, 1)).toBe(0);
  });
});
