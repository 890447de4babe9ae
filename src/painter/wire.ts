/** The painter's seam as messages, for whatever stands between the asker and the painter: a process boundary or Redis. */
import { z } from 'zod';
import type { Embedding } from '../domain/embedding.js';
import {
  AbortedError,
  BundleError,
  InputError,
  PictureTooLargeError,
  TesseraError,
  WorkerLostError,
} from '../domain/errors.js';
import type { PictureCondition, PictureSource } from '../domain/picture.js';
import { samplingChanges, samplingSettings } from '../domain/sampling.js';
import type {
  BundleSummary,
  Condition,
  Painter,
  PaintOptions,
  PaintProgress,
  PaintRequest,
  PaintResult,
  Phrase,
  RenderedPicture,
  RenderRequest,
  WordsRead,
} from './painter.js';

/** What whoever has no model asks of whoever has one. */
export type PainterCall =
  | { readonly method: 'paint'; readonly request: PaintRequest }
  | { readonly method: 'render'; readonly request: RenderRequest }
  | { readonly method: 'describe'; readonly request: { readonly image: Uint8Array; readonly count?: number } }
  | { readonly method: 'embedImage'; readonly request: { readonly image: Uint8Array } };

// `custom` and not `instanceof`, whose type would name the kind of buffer behind the array.
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'Expected bytes');
const tokens = z.custom<Uint16Array>((value) => value instanceof Uint16Array, 'Expected tokens (uint16)');

const vector = z.custom<Float32Array>((value) => value instanceof Float32Array, 'Expected numbers (float32)');
const embedding = z.object({ vector, bundle: z.string() }) satisfies z.ZodType<Embedding>;

const source = z.object({
  name: z.string(),
  set: z.string(),
  author: z.string(),
  licence: z.string(),
}) satisfies z.ZodType<PictureSource>;

const pictureCondition = z.object({
  embedding: vector,
  guideTokens: tokens.exactOptional(),
  guidePull: z.number().exactOptional(),
  sources: z.array(source),
}) satisfies z.ZodType<PictureCondition>;

const words = z.object({
  understood: z.array(z.string()),
  unknown: z.array(z.string()),
}) satisfies z.ZodType<WordsRead>;

const condition = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), prompt: z.string(), style: z.string().exactOptional() }),
  z.object({ kind: z.literal('image'), bytes }),
  z.object({ kind: z.literal('embedding'), embedding, pictures: z.array(pictureCondition).exactOptional() }),
  z.object({
    kind: z.literal('variation'),
    embedding,
    imageTokens: tokens,
    strength: z.enum(['subtle', 'strong']),
    sources: z.array(source).exactOptional(),
  }),
]) satisfies z.ZodType<Condition>;

/** Ranges are the painter's business; here it is made sure that everything has its type. */
export const painterCall: z.ZodType<PainterCall> = z.discriminatedUnion('method', [
  z.object({
    method: z.literal('paint'),
    request: z.object({
      condition,
      count: z.int(),
      seed: z.int(),
      sampling: samplingChanges.exactOptional(),
      previewEverySteps: z.int().exactOptional(),
    }),
  }),
  z.object({
    method: z.literal('render'),
    request: z.object({
      imageTokens: z.array(tokens),
      sizePx: z.int().exactOptional(),
      maxBytes: z.int().exactOptional(),
    }),
  }),
  z.object({ method: z.literal('describe'), request: z.object({ image: bytes, count: z.int().exactOptional() }) }),
  z.object({ method: z.literal('embedImage'), request: z.object({ image: bytes }) }),
]);

/** Has the painter do what a call asks for; `options` matter to painting alone. */
export function answerCall(painter: Painter, call: PainterCall, options: PaintOptions): Promise<unknown> {
  switch (call.method) {
    case 'paint':
      return painter.paint(call.request, options);
    case 'render':
      return painter.render(call.request);
    case 'describe':
      return painter.describe(call.request.image, call.request.count);
    case 'embedImage':
      return painter.embedImage(call.request.image);
  }
}

const picture = z.object({
  seed: z.int(),
  imageTokens: tokens,
  fit: z.number(),
  condition: pictureCondition.exactOptional(),
});
const timings = z.object({
  loadMs: z.number(),
  encodeMs: z.number(),
  generateMs: z.number(),
  decodeMs: z.number(),
  rankMs: z.number(),
  totalMs: z.number(),
});

/** The answer to each call, by its method. */
export const painterAnswers = {
  paint: z.object({
    embedding,
    sampling: samplingSettings,
    words: words.exactOptional(),
    pictures: z.array(picture),
    timings,
  }) satisfies z.ZodType<PaintResult>,
  render: z.object({ png: bytes, widthPx: z.int(), heightPx: z.int() }) satisfies z.ZodType<RenderedPicture>,
  describe: z.array(z.object({ text: z.string(), fit: z.number() })) satisfies z.ZodType<readonly Phrase[]>,
  embedImage: embedding,
} as const;

export const paintProgress: z.ZodType<PaintProgress> = z.object({
  stage: z.enum(['encode', 'generate', 'decode', 'rank']),
  fraction: z.number(),
  preview: bytes.exactOptional(),
});

export const bundleSummary: z.ZodType<BundleSummary> = z.object({
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  id: z.string(),
  checksum: z.string(),
  pictureSizePx: z.number(),
  styles: z.array(z.string()),
  sampling: samplingSettings,
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
});

export const wireError = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });
export type WireError = z.infer<typeof wireError>;

/** Code, message and retryable of any error; whatever is not ours becomes `internal`. The stack stays where it is. */
export function toWire(error: unknown): WireError {
  if (error instanceof TesseraError) {
    return { code: error.code, message: error.message, retryable: error.retryable };
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), retryable: false };
}

/** The same class again on the other side, so that callers can tell errors apart with `instanceof`. */
export function fromWire({ code, message, retryable }: WireError): TesseraError {
  switch (code) {
    case 'bad_input':
      return new InputError(message);
    case 'bad_bundle':
      return new BundleError(message);
    case 'aborted':
      return new AbortedError(message);
    case 'worker_lost':
      return new WorkerLostError(message);
    case 'picture_too_large':
      return new PictureTooLargeError(message);
    default:
      return new TesseraError(code, message, { retryable });
  }
}

/**
 * What came to the painter's side, checked.
 * @throws InputError that names each field that is wrong
 */
export function parseRequest<T>(schema: z.ZodType<T>, received: unknown): T {
  const parsed = schema.safeParse(received);
  if (parsed.success) {
    return parsed.data;
  }
  throw new InputError(`Expected a call the worker knows: ${z.prettifyError(parsed.error)}`);
}
