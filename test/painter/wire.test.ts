import { describe, expect, it } from 'vitest';
import {
  AbortedError,
  BundleError,
  InputError,
  PictureTooLargeError,
  TesseraError,
  WorkerLostError,
} from '../../src/domain/errors.js';
import {
  fromWire,
  type PainterCall,
  painterAnswers,
  painterCall,
  parseRequest,
  toWire,
} from '../../src/painter/wire.js';

const embedding = Float32Array.of(0.6, -0.8);
const imageTokens = Uint16Array.of(0, 65_535);
const text = { kind: 'text', prompt: 'a fox' } as const;
const fox = { name: 'fox', set: 'Noto Emoji', author: 'Google', licence: 'Apache-2.0' };
const pictures = [
  { embedding, guideTokens: imageTokens, guidePull: 14, sources: [fox] },
  { embedding, sources: [] },
];

const whole = { vector: embedding, bundle: 'emoji@1.0.0' };

describe('a call', () => {
  it.each<PainterCall>([
    { method: 'paint', request: { condition: text, count: 4, seed: 2 ** 32 - 1 } },
    {
      method: 'paint',
      request: {
        condition: { kind: 'variation', embedding: whole, imageTokens, strength: 'strong' },
        count: 1,
        seed: 0,
        sampling: { temperature: 0.5, topK: 3 },
        previewEverySteps: 8,
      },
    },
    { method: 'paint', request: { condition: { kind: 'image', bytes: Uint8Array.of(1) }, count: 1, seed: 1 } },
    { method: 'paint', request: { condition: { kind: 'embedding', embedding: whole }, count: 1, seed: 1 } },
    { method: 'paint', request: { condition: { kind: 'embedding', embedding: whole, pictures }, count: 1, seed: 1 } },
    {
      method: 'paint',
      request: {
        condition: { kind: 'variation', embedding: whole, imageTokens, strength: 'subtle', sources: [fox] },
        count: 1,
        seed: 1,
      },
    },
    { method: 'render', request: { imageTokens: [imageTokens, imageTokens], sizePx: 64, maxBytes: 1_000 } },
    { method: 'describe', request: { image: Uint8Array.of(1), count: 3 } },
    { method: 'embedImage', request: { image: Buffer.from([1, 2]) } },
  ])('arrives as it was: %o', (call) => {
    expect(parseRequest(painterCall, call)).toEqual(call);
  });

  it.each([
    ['call that nobody knows', { method: 'erase', request: {} }, /method/],
    ['words', { method: 'paint', request: { condition: { kind: 'text', prompt: 5 }, count: 1, seed: 1 } }, /prompt/],
    ['half a picture', { method: 'paint', request: { condition: text, count: 1.5, seed: 1 } }, /request\.count/],
    ['no seed at all', { method: 'paint', request: { condition: text, count: 1, seed: Number.NaN } }, /request\.seed/],
    [
      'a step and a half',
      { method: 'paint', request: { condition: text, count: 1, seed: 1, previewEverySteps: 1.5 } },
      /previewEverySteps/,
    ],
    [
      'a source without an author',
      {
        method: 'paint',
        request: {
          condition: { kind: 'embedding', embedding, pictures: [{ embedding, sources: [{ ...fox, author: null }] }] },
          count: 1,
          seed: 1,
        },
      },
      /pictures\[0\]\.sources\[0\]\.author/,
    ],
    ['tokens as bytes', { method: 'render', request: { imageTokens: [Uint8Array.of(1)] } }, /Expected tokens/],
    ['half a pixel', { method: 'render', request: { imageTokens: [], sizePx: 64.5 } }, /request\.sizePx/],
    ['half a byte', { method: 'render', request: { imageTokens: [], maxBytes: 0.5 } }, /request\.maxBytes/],
    ['half a phrase', { method: 'describe', request: { image: Uint8Array.of(1), count: 0.5 } }, /request\.count/],
    ['a picture as text', { method: 'embedImage', request: { image: 'iVBORw' } }, /Expected bytes/],
    ['nothing', undefined, /./],
  ])('is refused as bad input: %s', (_, call, message) => {
    const parse = () => parseRequest(painterCall, call);
    expect(parse).toThrow(InputError);
    expect(parse).toThrow(message);
  });
});

describe('an answer', () => {
  it('with a fraction where a whole number belongs is not taken', () => {
    const rendered = { png: Uint8Array.of(1), widthPx: 64, heightPx: 64 };
    expect(painterAnswers.render.parse(rendered)).toEqual(rendered);
    expect(painterAnswers.render.safeParse({ ...rendered, widthPx: 64.5 }).success).toBe(false);
  });

  it('says of each picture what it was painted from, and how the words were read', () => {
    const timings = { loadMs: 0, encodeMs: 1, generateMs: 2, decodeMs: 3, rankMs: 4, totalMs: 10 };
    const painted = {
      embedding: whole,
      sampling: { temperature: 1, topK: 0, topP: 1, guidanceScale: 1, candidateCount: 2 },
      words: { understood: ['a fox'], unknown: ['blorp'] },
      pictures: pictures.map((condition) => ({ seed: 1, imageTokens, fit: 0.5, condition })),
      timings,
    };
    expect(painterAnswers.paint.parse(painted)).toEqual(painted);
    const { words, ...unread } = painted;
    expect(painterAnswers.paint.parse(unread)).not.toHaveProperty('words');
    expect(painterAnswers.paint.safeParse({ ...unread, words: { ...words, unknown: 'blorp' } }).success).toBe(false);
  });
});

describe('an error', () => {
  it.each([
    new InputError('Expected words.'),
    new BundleError('step.onnx is damaged.'),
    new AbortedError(),
    new WorkerLostError('It ended.'),
    new PictureTooLargeError('No size fits.'),
    new TesseraError('machine_away', 'Away.', { retryable: true }),
  ])('is of its own class again on the other side: %s', (error) => {
    const arrived = fromWire(structuredClone(toWire(error)));
    expect(arrived.constructor).toBe(error.constructor);
    expect(arrived).toMatchObject({ code: error.code, message: error.message, retryable: error.retryable });
  });

  it.each([new TypeError('x is not a function'), 'x is not a function'])(
    'that is not ours is internal: %s',
    (error) => {
      expect(toWire(error)).toEqual({ code: 'internal', message: 'x is not a function', retryable: false });
    },
  );
});
