/** How like a phrase is to each phrase of the memory. */

/** Rows of int8, each a direction: its own length is divided out. */
export class PhraseVectors {
  readonly count: number;
  private readonly inverseLengths: Float32Array;

  /** @param values [count × width] */
  constructor(
    private readonly values: Int8Array,
    readonly width: number,
  ) {
    this.count = values.length / width;
    this.inverseLengths = Float32Array.from({ length: this.count }, (_, row) => {
      let squares = 0;
      for (let i = row * width; i < (row + 1) * width; i++) squares += (values[i] as number) ** 2;
      return squares === 0 ? 0 : 1 / Math.sqrt(squares);
    });
  }

  /** Cosine of `query` [width], a unit vector, and each row. */
  similarities(query: Float32Array): Float32Array {
    const { values, width, inverseLengths } = this;
    const found = new Float32Array(this.count);
    for (let row = 0; row < this.count; row++) {
      let sum = 0;
      const start = row * width;
      for (let i = 0; i < width; i++) sum += (query[i] as number) * (values[start + i] as number);
      found[row] = sum * (inverseLengths[row] as number);
    }
    return found;
  }
}
