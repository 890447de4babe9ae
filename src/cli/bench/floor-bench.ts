/** How fast this machine copies memory, and so how fast a step could be at best: it must read all of its weights. */

import type { BundleManifest } from '../../pipeline/bundle/bundle.js';

/** Far more than any cache holds. */
const COPY_BYTES = 256 * 2 ** 20;
/** The best one counts: others at work on the machine make a copy slower, nothing makes it faster than the memory. */
const ROUNDS = 9;

export interface FloorBench {
  /** Bytes copied per second by one thread; each byte is counted once, though it is read and written. */
  readonly copyBytesPerSecond: number;
  /** Weights that one position reads: the step's, and the depth transformer's for each further code. */
  readonly weightBytes: number;
  /** weightBytes ÷ copyBytesPerSecond, milliseconds. */
  readonly floorMs: number;
}

/** Bytes of a graph, with the weights that a large one keeps in a file beside it; 0 for a graph that is not there. */
export function graphBytes({ files }: Pick<BundleManifest, 'files'>, graph: string | null): number {
  return graph === null ? 0 : (files[graph]?.bytes ?? 0) + (files[`${graph}.data`]?.bytes ?? 0);
}

export function benchFloor(weightBytes: number): FloorBench {
  const from = new Uint8Array(COPY_BYTES).fill(1);
  const to = new Uint8Array(COPY_BYTES).fill(2);
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    to.set(from);
    seconds.push((performance.now() - startedAt) / 1000);
  }
  const copyBytesPerSecond = COPY_BYTES / Math.min(...seconds);
  return { copyBytesPerSecond, weightBytes, floorMs: (weightBytes / copyBytesPerSecond) * 1000 };
}
