import { deflateSync } from 'node:zlib';
import type { Embedding } from '../../src/domain/embedding.js';
import { AbortedError, InputError, OtherModelError } from '../../src/domain/errors.js';
import type { PictureCondition } from '../../src/domain/picture.js';
import type {
  BundleSummary,
  Painter,
  PaintOptions,
  PaintRequest,
  PaintResult,
  Phrase,
  RenderedPicture,
  RenderRequest,
} from '../../src/painter/painter.js';

const WIDTH = 8;

/** Paints without a model: everything follows from the request, so a test knows what to expect. Nothing is random. */
export class FakePainter implements Painter {
  readonly requests: PaintRequest[] = [];
  readonly renders: RenderRequest[] = [];
  /** How often words were encoded: rerolls and variations must not. */
  textEncodings = 0;
  /** While set, painting waits for it. */
  gate: Promise<void> | undefined;
  /** Thrown by the next paintings. */
  failures: Error[] = [];
  /** Bytes of padding in rendered pictures, cut to what is allowed. */
  paddingBytes = 0;
  styles: readonly string[] = ['3d', 'flat'];
  bundleName = 'fake';
  /** Parts of the next prompts that it does not understand; undefined: it does not say. */
  unknownWords: readonly string[] | undefined;
  /** What each picture is painted from; by default all from the one embedding. */
  conditionOf: (index: number) => PictureCondition | undefined = () => undefined;

  async paint(request: PaintRequest, options: PaintOptions = {}): Promise<PaintResult> {
    this.requests.push(request);
    const { condition } = request;
    if (condition.kind === 'text') {
      this.textEncodings += 1;
    }
    options.onProgress?.({ stage: 'encode', fraction: 0.05 });
    options.onProgress?.({ stage: 'generate', fraction: 0.5, preview: png(4, 4, 7) });
    if (this.gate !== undefined) {
      await Promise.race([this.gate, aborted(options.signal)]);
    }
    if (options.signal?.aborted === true) {
      throw new AbortedError();
    }
    const failure = this.failures.shift();
    if (failure !== undefined) {
      throw failure;
    }
    const bundle = (await this.summary()).id;
    const vector = condition.kind === 'text' ? embeddingOf(condition.prompt) : vectorIn(condition);
    if ('embedding' in condition && condition.embedding.bundle !== bundle) {
      throw new OtherModelError(condition.embedding.bundle, bundle);
    }
    const pictures = Array.from({ length: request.count }, (_, index) => {
      const picture = {
        seed: (request.seed + index) % 2 ** 32,
        imageTokens: Uint16Array.from({ length: WIDTH }, (_token, at) => (request.seed + index * 31 + at) % 1024),
        fit: 0.5 - index / 100,
      };
      const own = this.conditionOf(index);
      return own === undefined ? picture : { ...picture, condition: own };
    });
    const result = { embedding: { vector, bundle }, sampling: SAMPLING, pictures, timings: TIMINGS };
    if (condition.kind !== 'text' || this.unknownWords === undefined) {
      return result;
    }
    return { ...result, words: { understood: [], unknown: this.unknownWords } };
  }

  async render(request: RenderRequest): Promise<RenderedPicture> {
    this.renders.push(request);
    const edge = request.sizePx ?? 8;
    const columns = request.imageTokens.length > 1 ? 2 : 1;
    const widthPx = edge * columns;
    const heightPx = edge * Math.ceil(request.imageTokens.length / columns);
    const padding = Math.min(this.paddingBytes, (request.maxBytes ?? Number.POSITIVE_INFINITY) - 4096);
    const colour = (request.imageTokens[0]?.[0] ?? 0) % 256;
    return { png: png(widthPx, heightPx, colour, padding), widthPx, heightPx };
  }

  async describe(image: Uint8Array, count = 5): Promise<readonly Phrase[]> {
    assertPicture(image);
    const phrases = [
      { text: 'a red apple', fit: 0.41 },
      { text: '@everyone **fruit**', fit: 0.32 },
    ];
    return phrases.slice(0, count);
  }

  async embedImage(image: Uint8Array): Promise<Embedding> {
    assertPicture(image);
    return { vector: embeddingOf(`picture of ${image.byteLength} bytes`), bundle: (await this.summary()).id };
  }

  async summary(): Promise<BundleSummary> {
    return {
      id: `${this.bundleName}@1.2.3`,
      checksum: `${this.bundleName}-sum`,
      name: this.bundleName,
      version: '1.2.3',
      licence: 'MIT',
      pictureSizePx: 8,
      styles: this.styles,
      sampling: SAMPLING,
      metrics: { psnr: 22.5 },
    };
  }

  async close(): Promise<void> {}
}

export function embeddingOf(text: string): Float32Array {
  const values = Float32Array.from({ length: WIDTH }, (_, at) => Math.sin(at + 1 + text.length) + 0.01 * at);
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

const SAMPLING = { temperature: 1, topK: 256, topP: 0.95, guidanceScale: 2, candidateCount: 8 };
const TIMINGS = { loadMs: 0, encodeMs: 1, generateMs: 2, decodeMs: 1, rankMs: 1, totalMs: 5 };

function vectorIn(condition: Exclude<PaintRequest['condition'], { kind: 'text' }>): Float32Array {
  return condition.kind === 'image' ? embeddingOf('image') : condition.embedding.vector;
}

function assertPicture(bytes: Uint8Array): void {
  if (bytes[0] !== 0x89 || bytes[1] !== 0x50) {
    throw new InputError('Expected a picture.');
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}

/** A valid greyscale PNG, with a text chunk of so many bytes. */
export function png(width: number, height: number, grey: number, paddingBytes = 0): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const rows = Buffer.alloc((width + 1) * height, grey);
  for (let y = 0; y < height; y += 1) {
    rows[y * (width + 1)] = 0;
  }
  const padding =
    paddingBytes > 0 ? [chunk('tEXt', Buffer.concat([Buffer.from('p\0'), Buffer.alloc(paddingBytes, 120)]))] : [];
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...padding,
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return ~crc >>> 0;
}
