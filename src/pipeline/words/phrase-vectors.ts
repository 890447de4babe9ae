/** How like a phrase is to each phrase of the memory. */

/** Rows of int8, each a direction: its own length is divided out. */
export class PhraseVectors {
  readonly count: number;
  readonly #inverseLengths: Float32Array;
  readonly #values: Int8Array;
  readonly width: number;

  /** @param values [count × width] */
  constructor(values: Int8Array, width: number) {
    this.#values = values;
    this.width = width;
    this.count = values.length / width;
    this.#inverseLengths = Float32Array.from({ length: this.count }, (_, row) => {
      let squares = 0;
      for (let i = row * width; i < (row + 1) * width; i++) {
        squares += (values[i] as number) ** 2;
      }
      return squares === 0 ? 0 : 1 / Math.sqrt(squares);
    });
  }

  /** Cosine of `query` [width], a unit vector, and each row. Whole numbers take two thirds of the time of fractions. */
  similarities(query: Float32Array): Float32Array {
    const values = this.#values;
    const inverseLengths = this.#inverseLengths;
    const { width } = this;
    const largest = query.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    // As fine as the sum of a row still fits into 32 bits.
    const step = largest / Math.floor((2 ** 31 - 1) / (128 * width));
    const steps = Int32Array.from({ length: width }, (_, i) => Math.trunc((query[i] ?? 0) / step));
    const found = new Float32Array(this.count);
    for (let row = 0; row < this.count; row++) {
      let sum = 0;
      const start = row * width;
      for (let i = 0; i < width; i++) {
        sum = (sum + Math.imul(steps[i] as number, values[start + i] as number)) | 0;
      }
      found[row] = sum * step * (inverseLengths[row] as number);
    }
    return found;
  }
}
