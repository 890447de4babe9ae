/** What the bot's process and the painting process say to each other. Both sides check what they get. */
import { z } from 'zod';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const tokens = z.custom<Uint16Array>((value) => value instanceof Uint16Array);
const embedding = z.custom<Float32Array>((value) => value instanceof Float32Array);

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
  z.object({ kind: z.literal('embedding'), embedding }),
  z.object({
    kind: z.literal('variation'),
    embedding,
    imageTokens: tokens,
    strength: z.enum(['subtle', 'strong']),
  }),
]);

const paintRequest = z.object({
  condition,
  count: z.number(),
  seed: z.number(),
  sampling: partialSampling.exactOptional(),
  previewEverySteps: z.number().exactOptional(),
});

const renderRequest = z.object({
  imageTokens: z.array(tokens),
  sizePx: z.number().exactOptional(),
  maxBytes: z.number().exactOptional(),
});

const progress = z.object({
  stage: z.enum(['encode', 'generate', 'decode', 'rank']),
  fraction: z.number(),
  preview: bytes.exactOptional(),
});

const picture = z.object({ seed: z.number(), imageTokens: tokens, fit: z.number(), png: bytes });

const timings = z.object({
  loadMs: z.number(),
  encodeMs: z.number(),
  generateMs: z.number(),
  decodeMs: z.number(),
  rankMs: z.number(),
  totalMs: z.number(),
});

/** Answer of each method, by its name. */
export const answers = {
  paint: z.object({ embedding, sampling, pictures: z.array(picture), timings }),
  render: z.object({ png: bytes, widthPx: z.number(), heightPx: z.number() }),
  describe: z.array(z.object({ text: z.string(), fit: z.number() })),
  embedImage: embedding,
} as const;

const summary = z.object({
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  id: z.string(),
  pictureSizePx: z.number(),
  styles: z.array(z.string()),
  sampling,
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
});

/** An error on its way through the process boundary. */
const wireError = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });
export type WireError = z.infer<typeof wireError>;

const callId = z.number().int().nonnegative();

const call = z.discriminatedUnion('method', [
  z.object({ type: z.literal('call'), id: callId, method: z.literal('paint'), request: paintRequest }),
  z.object({ type: z.literal('call'), id: callId, method: z.literal('render'), request: renderRequest }),
  z.object({
    type: z.literal('call'),
    id: callId,
    method: z.literal('describe'),
    request: z.object({ image: bytes, count: z.number().exactOptional() }),
  }),
  z.object({
    type: z.literal('call'),
    id: callId,
    method: z.literal('embedImage'),
    request: z.object({ image: bytes }),
  }),
]);
export type Call = z.infer<typeof call>;

/** First message to a painting process: what it shall open. */
const open = z.object({
  type: z.literal('open'),
  bundleDir: z.string(),
  provider: z.enum(['cpu', 'webgpu', 'cuda']),
  threads: z.number().int().positive(),
});
export type OpenMessage = z.infer<typeof open>;

/** Bot → painting process. */
export const toWorker = z.union([
  open,
  call,
  z.object({ type: z.literal('cancel'), id: callId }),
  z.object({ type: z.literal('close') }),
]);
export type ToWorker = z.infer<typeof toWorker>;

/** Painting process → bot. */
export const fromWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), summary }),
  /** The bundle cannot be used: trying again would not help. */
  z.object({ type: z.literal('unusable'), error: wireError }),
  z.object({ type: z.literal('progress'), id: callId, progress }),
  z.object({ type: z.literal('result'), id: callId, value: z.unknown() }),
  z.object({ type: z.literal('error'), id: callId, error: wireError }),
]);
export type FromWorker = z.infer<typeof fromWorker>;
