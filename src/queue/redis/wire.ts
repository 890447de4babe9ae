import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  AbortedError,
  BundleError,
  InputError,
  PictureTooLargeError,
  TesseraError,
  WorkerLostError,
} from '../../errors.js';
import type { BundleSummary, PaintProgress, PaintRequest, RenderRequest } from '../../pipeline/types.js';

/** What a machine without a model asks of one that has it. */
export type RemoteCall =
  | { readonly method: 'paint'; readonly request: PaintRequest }
  | { readonly method: 'render'; readonly request: RenderRequest }
  | { readonly method: 'describe'; readonly request: { readonly image: Uint8Array; readonly count?: number } }
  | { readonly method: 'embedImage'; readonly request: { readonly image: Uint8Array } };

// `custom` and not `instanceof`, whose type would name the kind of buffer behind the array.
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const tokens = z.custom<Uint16Array>((value) => value instanceof Uint16Array);
const floats = z.custom<Float32Array>((value) => value instanceof Float32Array);
const integer = z.int();
const sampling = z.object({
  temperature: z.number(),
  topK: z.number(),
  topP: z.number(),
  guidanceScale: z.number(),
  candidateCount: z.number(),
});
const partialSampling = z.object({
  temperature: z.number().exactOptional(),
  topK: z.number().exactOptional(),
  topP: z.number().exactOptional(),
  guidanceScale: z.number().exactOptional(),
  candidateCount: z.number().exactOptional(),
});

const condition = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), prompt: z.string(), style: z.string().exactOptional() }),
  z.object({ kind: z.literal('image'), bytes }),
  z.object({ kind: z.literal('embedding'), embedding: floats }),
  z.object({
    kind: z.literal('variation'),
    embedding: floats,
    imageTokens: tokens,
    strength: z.enum(['subtle', 'strong']),
  }),
]);

/** Ranges are the painter's business; here it is made sure that everything has its type. */
export const remoteCall = z.discriminatedUnion('method', [
  z.object({
    method: z.literal('paint'),
    request: z.object({
      condition,
      count: integer,
      seed: integer,
      sampling: partialSampling.exactOptional(),
      previewEverySteps: integer.exactOptional(),
    }),
  }),
  z.object({
    method: z.literal('render'),
    request: z.object({
      imageTokens: z.array(tokens),
      sizePx: integer.exactOptional(),
      maxBytes: integer.exactOptional(),
    }),
  }),
  z.object({ method: z.literal('describe'), request: z.object({ image: bytes, count: integer.exactOptional() }) }),
  z.object({ method: z.literal('embedImage'), request: z.object({ image: bytes }) }),
]) satisfies z.ZodType<RemoteCall>;

/** The answer to each call. */
export const remoteAnswers = {
  paint: z.object({
    embedding: floats,
    sampling,
    pictures: z.array(z.object({ seed: integer, imageTokens: tokens, fit: z.number(), png: bytes })),
    timings: z.object({
      loadMs: z.number(),
      encodeMs: z.number(),
      generateMs: z.number(),
      decodeMs: z.number(),
      rankMs: z.number(),
      totalMs: z.number(),
    }),
  }),
  render: z.object({ png: bytes, widthPx: integer, heightPx: integer }),
  describe: z.array(z.object({ text: z.string(), fit: z.number() })),
  embedImage: floats,
} as const;

export const bundleSummary = z.object({
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  id: z.string(),
  pictureSizePx: z.number(),
  styles: z.array(z.string()),
  sampling,
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
}) satisfies z.ZodType<BundleSummary>;

const wireError = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });

/** Kept in Redis for a minute, for whoever asked. */
export const outcome = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireError }),
]);

const progress = z.object({
  stage: z.enum(['encode', 'generate', 'decode', 'rank']),
  fraction: z.number(),
  preview: bytes.exactOptional(),
}) satisfies z.ZodType<PaintProgress>;

/** Published while a call is worked on. */
export const remoteEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('taken'), callId: z.string(), workerId: z.string() }),
  z.object({ type: z.literal('progress'), callId: z.string(), progress }),
  z.object({ type: z.literal('ended'), callId: z.string() }),
]);
export type RemoteEvent = z.infer<typeof remoteEvent>;

/** Job of the Redis queue: the call, encoded, and the channel on which its asker listens. */
export const remoteJob = z.object({ callId: z.string(), asker: z.string(), call: z.string() });
export type RemoteJob = z.infer<typeof remoteJob>;

export const defaultPrefix = 'tessera';

/** Names in Redis. Painting and everything that is quick have a queue each, so that a button never waits for a picture. */
export function redisNames(prefix: string) {
  return {
    paintQueue: 'paint',
    quickQueue: 'quick',
    outcome: (callId: string) => `${prefix}:outcome:${callId}`,
    cancelled: (callId: string) => `${prefix}:cancelled:${callId}`,
    events: (asker: string) => `${prefix}:events:${asker}`,
    cancel: `${prefix}:cancel`,
    workers: `${prefix}:workers`,
    worker: (workerId: string) => `${prefix}:worker:${workerId}`,
    summary: `${prefix}:summary`,
  };
}

export function newRemoteId(): string {
  return randomUUID();
}

/** Code, message and whether to try again; the stack stays on the machine where it happened. */
export function toWire(error: unknown): z.infer<typeof wireError> {
  if (error instanceof TesseraError) {
    return { code: error.code, message: error.message, retryable: error.retryable };
  }
  return { code: 'internal', message: 'The remote worker failed unexpectedly.', retryable: false };
}

/** The same class again, so that callers can tell errors apart with `instanceof`. */
export function fromWire({ code, message, retryable }: z.infer<typeof wireError>): TesseraError {
  if (code === 'bad_input') return new InputError(message);
  if (code === 'bad_bundle') return new BundleError(message);
  if (code === 'aborted') return new AbortedError(message);
  if (code === 'worker_lost') return new WorkerLostError(message);
  if (code === 'picture_too_large') return new PictureTooLargeError(message);
  return new TesseraError(code, message, { retryable });
}
