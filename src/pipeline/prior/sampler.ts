/** Logits → one token. Pure arithmetic: no runtime, and no allocation while drawing. */

import { TesseraError } from '../../domain/errors.js';
import type { SamplingSettings } from '../../domain/sampling.js';
import type { RandomGenerator } from './random.js';

export type DrawSettings = Pick<SamplingSettings, 'temperature' | 'topK' | 'topP' | 'guidanceScale'>;

/**
 * Draws tokens for one codebook.
 *
 * In this order, as in the reference implementation: guidance, temperature, top-k, top-p over what top-k left, draw. A
 * guide's preferences (guide.ts) come right behind guidance.
 * Ties go to the lower token. Neither top-k nor top-p sorts the codebook: top-k is a selection (O(K)), top-p takes
 * tokens off a heap until their share is reached (O(K + kept · log K)).
 */
export class Sampler {
  readonly #values: Float64Array;
  /** The same values again, for the selection to stir. */
  readonly #scratch: Float64Array;
  /** Tokens in play and their weights, side by side. */
  readonly #tokens: Int32Array;
  readonly #weights: Float64Array;

  readonly codebookSize: number;

  constructor(codebookSize: number) {
    this.codebookSize = codebookSize;
    this.#values = new Float64Array(codebookSize);
    this.#scratch = new Float64Array(codebookSize);
    this.#tokens = new Int32Array(codebookSize);
    this.#weights = new Float64Array(codebookSize);
  }

  /**
   * One token from `logits[offset … offset + codebookSize)`.
   *
   * @param nullLogits Logits of the null condition; without them the guidance scale has no effect.
   * @param preferences Added to the logits, one number a token.
   * @throws TesseraError `bad_logits` when a logit is NaN or none is finite: the weights or the runtime are broken.
   */
  draw(
    settings: DrawSettings,
    random: RandomGenerator,
    logits: Float32Array,
    offset: number,
    nullLogits?: Float32Array,
    nullOffset = 0,
    preferences?: Float32Array,
  ): number {
    this.#mix(settings.guidanceScale, logits, offset, nullLogits, nullOffset);
    if (preferences !== undefined) {
      this.#prefer(preferences);
    }
    const likeliest = this.#findLikeliest();
    if (settings.temperature === 0) {
      return likeliest;
    }

    const tokens = this.#tokens;
    const weights = this.#weights;
    const kept = this.#keepTop(settings.topK);
    const total = this.#weigh(kept, this.#values[likeliest] as number, settings.temperature);
    const uniform = random.next();
    if (settings.topP < 1) {
      return this.#drawFromNucleus(kept, settings.topP * total, uniform);
    }

    const target = uniform * total;
    let sum = 0;
    for (let i = 0; i < kept; i++) {
      sum += weights[i] as number;
      if (sum > target) {
        return tokens[i] as number;
      }
    }
    return likeliest; // Only the rounding of the last sum can lead here.
  }

  /** values = null + scale × (conditional − null). */
  #mix(
    scale: number,
    logits: Float32Array,
    offset: number,
    nullLogits: Float32Array | undefined,
    nullOffset: number,
  ): void {
    const values = this.#values;
    const { codebookSize } = this;
    if (nullLogits === undefined || scale === 1) {
      for (let token = 0; token < codebookSize; token++) {
        values[token] = logits[offset + token] as number;
      }
    } else {
      for (let token = 0; token < codebookSize; token++) {
        const unconditional = nullLogits[nullOffset + token] as number;
        values[token] = unconditional + scale * ((logits[offset + token] as number) - unconditional);
      }
    }
  }

  #prefer(preferences: Float32Array): void {
    const values = this.#values;
    const { codebookSize } = this;
    for (let token = 0; token < codebookSize; token++) {
      values[token] = (values[token] as number) + (preferences[token] as number);
    }
  }

  #findLikeliest(): number {
    const values = this.#values;
    const { codebookSize } = this;
    let highest = Number.NEGATIVE_INFINITY;
    let likeliest = 0;
    for (let token = 0; token < codebookSize; token++) {
      const value = values[token] as number;
      if (Number.isNaN(value)) {
        throw badLogits();
      }
      if (value > highest) {
        highest = value;
        likeliest = token;
      }
    }
    if (!Number.isFinite(highest)) {
      throw badLogits();
    }
    return likeliest;
  }

  /** Puts the `topK` likeliest tokens (all of them where that is 0) into `tokens`, in rising order; returns how many. */
  #keepTop(topK: number): number {
    const values = this.#values;
    const tokens = this.#tokens;
    const { codebookSize } = this;
    if (topK === 0 || topK >= codebookSize) {
      for (let token = 0; token < codebookSize; token++) {
        tokens[token] = token;
      }
      return codebookSize;
    }
    const threshold = this.#selectThreshold(topK);
    let above = 0;
    for (let token = 0; token < codebookSize; token++) {
      if ((values[token] as number) > threshold) {
        above++;
      }
    }
    let tiesLeft = topK - above;
    let kept = 0;
    for (let token = 0; token < codebookSize; token++) {
      const value = values[token] as number;
      if (value > threshold || (value === threshold && tiesLeft-- > 0)) {
        tokens[kept++] = token;
      }
    }
    return kept;
  }

  /** The `rank`-th highest value (1 is the highest), by Hoare's selection. */
  #selectThreshold(rank: number): number {
    const scratch = this.#scratch;
    scratch.set(this.#values);
    let low = 0;
    let high = this.codebookSize - 1;
    while (low < high) {
      const pivot = scratch[(low + high) >>> 1] as number;
      let i = low;
      let j = high;
      while (i <= j) {
        while ((scratch[i] as number) > pivot) {
          i++;
        }
        while (pivot > (scratch[j] as number)) {
          j--;
        }
        if (i > j) {
          break;
        }
        const held = scratch[i] as number;
        scratch[i++] = scratch[j] as number;
        scratch[j--] = held;
      }
      if (rank - 1 <= j) {
        high = j;
      } else if (rank - 1 >= i) {
        low = i;
      } else {
        break;
      }
    }
    return scratch[rank - 1] as number;
  }

  /** Softmax weights of the kept tokens, not yet divided by their sum, which is returned. */
  #weigh(kept: number, highest: number, temperature: number): number {
    const values = this.#values;
    const tokens = this.#tokens;
    const weights = this.#weights;
    let total = 0;
    for (let i = 0; i < kept; i++) {
      const weight = Math.exp(((values[tokens[i] as number] as number) - highest) / temperature);
      weights[i] = weight;
      total += weight;
    }
    return total;
  }

  /** Takes the likeliest tokens off a heap until their weight reaches `mass`, then draws among those. */
  #drawFromNucleus(kept: number, mass: number, uniform: number): number {
    const tokens = this.#tokens;
    const weights = this.#weights;
    for (let i = (kept >>> 1) - 1; i >= 0; i--) {
      this.#sink(i, kept, weights[i] as number, tokens[i] as number);
    }
    // What was taken off lies behind the heap, the likeliest at the very end.
    let left = kept;
    let sum = 0;
    do {
      left--;
      const weight = weights[0] as number;
      const token = tokens[0] as number;
      this.#sink(0, left, weights[left] as number, tokens[left] as number);
      weights[left] = weight;
      tokens[left] = token;
      sum += weight;
    } while (left > 0 && sum < mass);

    const target = uniform * sum;
    let passed = 0;
    for (let i = kept - 1; i > left; i--) {
      passed += weights[i] as number;
      if (passed > target) {
        return tokens[i] as number;
      }
    }
    return tokens[left] as number;
  }

  /** Lets (weight, token) sink from `start` to its place in the heap of `size` entries: heaviest, then lowest token. */
  #sink(start: number, size: number, weight: number, token: number): void {
    const tokens = this.#tokens;
    const weights = this.#weights;
    let parent = start;
    for (let child = 2 * parent + 1; child < size; child = 2 * parent + 1) {
      let childWeight = weights[child] as number;
      let childToken = tokens[child] as number;
      if (child + 1 < size) {
        const otherWeight = weights[child + 1] as number;
        const otherToken = tokens[child + 1] as number;
        if (otherWeight > childWeight || (otherWeight === childWeight && otherToken < childToken)) {
          child++;
          childWeight = otherWeight;
          childToken = otherToken;
        }
      }
      if (weight > childWeight || (weight === childWeight && token < childToken)) {
        break;
      }
      weights[parent] = childWeight;
      tokens[parent] = childToken;
      parent = child;
    }
    weights[parent] = weight;
    tokens[parent] = token;
  }
}

function badLogits(): TesseraError {
  return new TesseraError('bad_logits', 'The model gave numbers that are no logits (NaN or infinite).');
}
