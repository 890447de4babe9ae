/** Seeded random numbers: one generator per purpose, never a shared one, so that a seed means the same picture forever. */

const UINT32 = 0x1_0000_0000;

/** Mixes 32 bits so that neighbouring numbers end up unrelated. Constants: lowbias32, Chris Wellons (public domain). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/**
 * The seed of candidate `index` of a request: the request's own seed for the first, an unrelated one for the others.
 *
 * A picture's seed alone therefore paints that picture again (as the first candidate), while requests with neighbouring
 * seeds share no picture, as they would if candidate i simply took seed + i.
 */
export function candidateSeed(seed: number, index: number): number {
  return index === 0 ? seed : mix(mix(seed) + Math.imul(index, 0x9e3779b9)) >>> 0;
}

/** xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it), its state filled by splitmix from a seed and a stream. */
export class RandomGenerator {
  // Signed 32-bit integers: V8 keeps those in the object itself, so drawing allocates nothing.
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /**
   * @param seed 0 to 2^32 − 1.
   * @param stream Different streams of one seed are independent.
   */
  constructor(seed: number, stream = 0) {
    let state = mix(seed | 0) ^ mix(Math.imul(stream + 1, 0x85ebca6b));
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      return mix(state);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1; // The state must not be all zeros.
  }

  /** A signed 32-bit integer, every one equally likely. */
  nextInt32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform in [0, 1), with 53 random bits. */
  next(): number {
    const high = this.nextInt32() >>> 5;
    const low = this.nextInt32() >>> 6;
    return (high * 0x400_0000 + low) / (UINT32 * 0x20_0000);
  }

  /** Standard normal (Box and Muller; the second number of each pair is not used). */
  nextGaussian(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}
