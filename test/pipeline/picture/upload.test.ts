import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeContained, encodePng } from '../../../src/pipeline/picture/png.js';
import { decodeUpload, jpegScans } from '../../../src/pipeline/picture/upload.js';

// As it is, but it is seen whether it is called.
vi.mock('../../../src/pipeline/picture/png.js', { spy: true });
beforeEach(() => void vi.mocked(decodeContained).mockClear());

const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'bad_input', message: expect.stringMatching(message) });

/** A PNG that declares a size and holds next to nothing. */
function pngHeader(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', size),
    chunk('IDAT', deflateSync(Buffer.alloc(64))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Left half red, right half blue. */
function halves(width: number, height: number) {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[3 * i + (i % width < width / 2 ? 0 : 2)] = 255;
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const pixel = (picture: { data: Uint8Array; width: number }, x: number, y: number) => [
  ...picture.data.subarray((y * picture.width + x) * 4, (y * picture.width + x) * 4 + 4),
];

describe('decodeUpload', () => {
  test.each([
    ['PNG', () => halves(64, 32).png().toBuffer()],
    ['JPEG', () => halves(64, 32).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer()],
    ['WebP', () => halves(64, 32).webp({ lossless: true }).toBuffer()],
    ['GIF', () => halves(64, 32).gif().toBuffer()],
    ['16-bit PNG', () => halves(64, 32).toColourspace('rgb16').png().toBuffer()],
    ['CMYK JPEG', () => halves(64, 32).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()],
  ])('fits a whole %s into the square, transparent above and below', async (_, make) => {
    const picture = await decodeUpload(await make(), 64);
    expect(picture.data).toHaveLength(64 * 64 * 4);
    expect(pixel(picture, 10, 4)[3]).toBe(0);
    expect(pixel(picture, 10, 60)[3]).toBe(0);
    const [left, right] = [pixel(picture, 10, 32), pixel(picture, 54, 32)];
    expect(left[3]).toBe(255);
    expect((left[0] ?? 0) - (left[2] ?? 0)).toBeGreaterThan(150);
    expect((right[2] ?? 0) - (right[0] ?? 0)).toBeGreaterThan(100);
  });

  test('a picture of the right size keeps every byte', async () => {
    const data = Uint8Array.from({ length: 32 * 32 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 37) % 256));
    const png = await encodePng({ data, width: 32, height: 32 });
    expect(Buffer.from((await decodeUpload(png, 32)).data).equals(data)).toBe(true);
  });

  test('turns a photograph upright', async () => {
    // Orientation 6: the camera was held so that the stored left side is the top.
    const bytes = await halves(64, 64).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
    const picture = await decodeUpload(bytes, 64);
    const [top, bottom] = [pixel(picture, 32, 8), pixel(picture, 32, 56)];
    expect(top[0]).toBeGreaterThan(200);
    expect(bottom[2]).toBeGreaterThan(200);
  });

  test('sees the first frame of an animation', async () => {
    const frames = Buffer.alloc(16 * 32 * 4, 255);
    for (let i = 0; i < 16 * 16; i++) {
      frames.set([255, 0, 0, 255], 4 * i);
    }
    for (let i = 16 * 16; i < 16 * 32; i++) {
      frames.set([0, 255, 0, 255], 4 * i);
    }
    const raw = { width: 16, height: 32, channels: 4 as const, pageHeight: 16 };
    for (const bytes of [
      await sharp(frames, { raw }).gif().toBuffer(),
      await sharp(frames, { raw }).webp({ lossless: true }).toBuffer(),
    ]) {
      const picture = await decodeUpload(bytes, 16);
      expect(pixel(picture, 8, 8)[0]).toBeGreaterThan(200);
      expect(pixel(picture, 8, 8)[1]).toBeLessThan(60);
    }
  });

  test.each([
    ['progressive', { progressive: true }],
    ['mozjpeg', { mozjpeg: true }],
  ])('reads an ordinary %s JPEG', async (_, options) => {
    const bytes = await halves(40, 40).jpeg(options).toBuffer();
    expect(jpegScans(bytes)).toBeGreaterThan(3);
    expect((await decodeUpload(bytes, 16)).width).toBe(16);
  });

  test('refuses a JPEG of hundreds of scans before it decodes one', async () => {
    const bytes = await halves(40, 40).jpeg({ progressive: true }).toBuffer();
    const lastScan = bytes.subarray(bytes.lastIndexOf(Buffer.from([0xff, 0xda])), bytes.length - 2);
    const many = Buffer.concat([bytes.subarray(0, -2), ...Array(883).fill(lastScan), Buffer.from([0xff, 0xd9])]);
    expect(jpegScans(many)).toBe(883 + jpegScans(bytes));
    await expect(decodeUpload(many, 64)).rejects.toEqual(refused(/more than 64 scans/));
  });

  test('refuses a 50,000×50,000 header and decodes nothing', async () => {
    await expect(decodeUpload(pngHeader(50_000, 50_000), 64)).rejects.toEqual(refused(/50000×50000 pixels/));
    expect(decodeContained).not.toHaveBeenCalled();
  });

  test.each([
    ['one pixel over', 8000, 5001],
    ['a line that is not ending', 40_000_001, 1],
  ])('refuses declared pixels beyond the bound: %s', async (_, width, height) => {
    await expect(decodeUpload(pngHeader(width, height), 64)).rejects.toMatchObject({ code: 'bad_input' });
    expect(decodeContained).not.toHaveBeenCalled();
  });

  test('refuses too many bytes before it looks at them', async () => {
    await expect(decodeUpload(new Uint8Array(25 * 1024 * 1024 + 1), 64)).rejects.toEqual(refused(/at most 25 MB/));
  });

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'],
    ['PDF', '%PDF-1.4'],
    ['TIFF', 'II*\0\x08\0\0\0'],
    ['another RIFF', 'RIFF\x24\0\0\0WAVEfmt '],
  ])('refuses what is none of the four formats: %s', async (_, text) => {
    await expect(decodeUpload(Buffer.from(text, 'latin1'), 64)).rejects.toEqual(refused(/PNG, JPEG, WebP or GIF/));
  });

  test('refuses a right signature with nothing behind it', async () => {
    for (const start of ['\x89PNG\r\n\x1a\n', '\xff\xd8\xff\xe0', 'GIF89a', 'RIFF\0\0\0\0WEBP']) {
      await expect(decodeUpload(Buffer.from(start, 'latin1'), 64)).rejects.toEqual(refused(/damaged/));
    }
  });

  test('bytes cut short or changed give a picture or a clear refusal, never another error', async () => {
    const whole = [
      await halves(40, 40).png().toBuffer(),
      await halves(40, 40).jpeg().toBuffer(),
      await halves(40, 40).webp().toBuffer(),
      await halves(40, 40).gif().toBuffer(),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.nat(3),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
        async (which, keep, changes) => {
          const source = whole[which] ?? Buffer.alloc(0);
          const bytes = Buffer.from(source.subarray(0, Math.ceil(source.length * keep)));
          for (const [at, value] of changes) {
            if (bytes.length > 0) {
              bytes[at % bytes.length] = value;
            }
          }
          const result = await decodeUpload(bytes, 16).catch((error: unknown) => error);
          if (result instanceof Error) {
            expect(result).toMatchObject({ code: 'bad_input' });
          } else {
            expect(result).toMatchObject({ width: 16, height: 16 });
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
