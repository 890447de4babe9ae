/** How tokens are drawn from the prior's logits. Defaults come from the bundle. */
export interface SamplingSettings {
  /** Divides the logits; 0 takes the likeliest token. Range 0–5. */
  readonly temperature: number;
  /** Only the K likeliest tokens are drawn from; 0 turns it off. */
  readonly topK: number;
  /** Only the smallest set of tokens with this total probability is drawn from. Range (0, 1]. */
  readonly topP: number;
  /** Classifier-free guidance: logits = null + scale × (conditional − null). 1 turns it off. Range 0–20. */
  readonly guidanceScale: number;
  /** Pictures generated in all; the `count` that CLIP finds nearest to the condition are kept. At least `count`. */
  readonly candidateCount: number;
}
