/** What the bot's process and the painting process say to each other. Both sides check what they get. */
import { z } from 'zod';
import { EXECUTION_PROVIDERS } from '../../domain/execution-provider.js';
import { bundleSummary, painterCall, paintProgress, wireError } from '../wire.js';

const callId = z.number().int().nonnegative();

/** First message to a painting process: what it shall open. */
const open = z.object({
  type: z.literal('open'),
  bundleDir: z.string(),
  provider: z.enum(EXECUTION_PROVIDERS),
  threads: z.number().int().positive(),
});
export type OpenMessage = z.infer<typeof open>;

/** Bot → painting process. */
export const toWorker = z.discriminatedUnion('type', [
  open,
  z.object({ type: z.literal('call'), id: callId, call: painterCall }),
  z.object({ type: z.literal('cancel'), id: callId }),
  z.object({ type: z.literal('close') }),
]);
export type ToWorker = z.infer<typeof toWorker>;

/** Painting process → bot. */
export const fromWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), summary: bundleSummary }),
  /** The bundle cannot be used: trying again would not help. */
  z.object({ type: z.literal('unusable'), error: wireError }),
  z.object({ type: z.literal('progress'), id: callId, progress: paintProgress }),
  z.object({ type: z.literal('result'), id: callId, value: z.unknown() }),
  z.object({ type: z.literal('error'), id: callId, error: wireError }),
]);
export type FromWorker = z.infer<typeof fromWorker>;
