import { z } from 'zod';
import { MAX_CANDIDATES } from './bounds.js';

/** How tokens are drawn from the prior's logits. Defaults come from the bundle. */
export const samplingSettings = z.object({
  /** Divides the logits; 0 takes the likeliest token. */
  temperature: z.number().min(0).max(5),
  /** Only the K likeliest tokens are drawn from; 0 turns it off. */
  topK: z.int().min(0),
  /** Only the smallest set of tokens with this total probability is drawn from. */
  topP: z.number().gt(0).max(1),
  /** Classifier-free guidance: logits = null + scale × (conditional − null). 1 turns it off. */
  guidanceScale: z.number().min(0).max(20),
  /** Pictures generated in all; the `count` that CLIP finds nearest to the condition are kept. At least `count`. */
  candidateCount: z.int().min(1).max(MAX_CANDIDATES),
});

export type SamplingSettings = Readonly<z.infer<typeof samplingSettings>>;

/** What a request changes of the defaults. */
export const samplingChanges = z.object({
  temperature: samplingSettings.shape.temperature.exactOptional(),
  topK: samplingSettings.shape.topK.exactOptional(),
  topP: samplingSettings.shape.topP.exactOptional(),
  guidanceScale: samplingSettings.shape.guidanceScale.exactOptional(),
  candidateCount: samplingSettings.shape.candidateCount.exactOptional(),
}) satisfies z.ZodType<Partial<SamplingSettings>>;
