/** Memory of a batch: everything that the step and the depth graph read and write, made once and kept. */

import { floatTensor, int64Tensor, type Session, type Tensor } from '../bundle/onnx.js';
import type { BundleManifest } from '../bundle/schema.js';
import { cacheNames, hasFreeCacheLength, returnsNewRows } from '../bundle/tensors.js';

export interface PriorSessions {
  readonly step: Session;
  /** Absent where a position holds a single code. */
  readonly depth: Session | undefined;
}

type NamedTensors = Record<string, Tensor>;

/**
 * A cache that may have any length grows by so many positions: a step reads what is there, filled or not, and each
 * growth moves every row. A multiple of what any SIMD kernel sums at once, so that a longer cache, whose new part
 * weighs nothing, leaves the sums of the old part as they were to the last bit.
 */
const CACHE_GRAIN = 64;
/** Caches up to this size in all are kept between requests: to give them back and take them again costs milliseconds. */
const KEPT_CACHE_BYTES = 64 * 2 ** 20;

/** Tensors over the first rows of the buffers. */
export interface BatchTensors {
  readonly stepFeeds: NamedTensors;
  readonly stepFetches: NamedTensors;
  /** One pair per further code of a position. */
  readonly depth: readonly { readonly feeds: NamedTensors; readonly fetches: NamedTensors }[];
}

/**
 * Buffers for up to `capacity` rows.
 *
 * A step gives back its cache in one of two ways. `present_*` are the very buffers of `past_*`: kernels then write one
 * row and copy nothing, but onnxruntime-node copies every output once more into a new array, the whole cache each step.
 * `new_*` are the rows alone, which `storeNewRow` puts into the cache: measured with 16 rows of the default prior, a
 * step takes a quarter to a half less.
 *
 * Where the graph leaves the cache's length free, rows are kept as long as the furthest picture needs and no longer: at
 * paper scale a cache weighs as much as the weights, and reading it where nothing is stored would cost as much. Caches
 * lie in resizable buffers: addresses are reserved in full, memory is taken as they grow and given back by `release`
 * at once, not when a garbage collector finds the time.
 */
export class PriorBuffers {
  /** Conditioning vectors [rows × W] of the step to come. */
  readonly condition: Float32Array;
  /** [rows × K], of the step or of the depth graph, whichever ran last. */
  readonly logits: Float32Array;
  // Low words of int64 tensors: numbers are written there without making a BigInt of each.
  readonly positionWords: Int32Array;
  readonly tokenWords: Int32Array;
  /** Entry g − 1 holds the first g codes of each row. */
  readonly depthWords: readonly Int32Array[];
  readonly #hidden: Float32Array;
  readonly #caches: readonly {
    readonly past: string;
    /** As long as its buffer is. */
    readonly rows: Float32Array<ArrayBuffer>;
    readonly added: Float32Array;
    /** `added` in pieces, one for each head of each row: to copy them whole is twice as fast as number by number. */
    readonly addedHeads: readonly Float32Array[];
  }[];
  readonly #outputNames: readonly string[];
  readonly #returnsRows: boolean;
  readonly #hasFreeLength: boolean;
  readonly #byRowCount = new Map<number, BatchTensors>();
  /** Positions that a row of the cache has room for. */
  #cacheLength: number;
  readonly #prior: BundleManifest['prior'];
  readonly #sessions: PriorSessions;

  constructor(prior: BundleManifest['prior'], sessions: PriorSessions, capacity: number) {
    this.#prior = prior;
    this.#sessions = sessions;
    const { width, codebookSize, codesPerPosition, layers } = prior;
    this.#returnsRows = returnsNewRows(sessions.step);
    this.#hasFreeLength = hasFreeCacheLength(sessions.step);
    this.#cacheLength = this.#lengthFor(0);
    this.condition = new Float32Array(capacity * width);
    this.#hidden = new Float32Array(capacity * width);
    this.logits = new Float32Array(capacity * codebookSize);
    this.positionWords = new Int32Array(2 * capacity);
    this.tokenWords = new Int32Array(2 * capacity * codesPerPosition);
    this.depthWords = Array.from({ length: codesPerPosition - 1 }, (_, g) => new Int32Array(2 * capacity * (g + 1)));
    const names = cacheNames(layers);
    this.#outputNames = names.map(({ present, added }) => (this.#returnsRows ? added : present));
    const { heads, headWidth, positions } = prior;
    const maxByteLength = capacity * heads * positions * headWidth * Float32Array.BYTES_PER_ELEMENT;
    const addedCount = this.#returnsRows ? capacity * heads : 0;
    this.#caches = names.map(({ past }) => {
      const added = new Float32Array(addedCount * headWidth);
      const addedHeads = Array.from({ length: addedCount }, (_, at) =>
        added.subarray(at * headWidth, (at + 1) * headWidth),
      );
      return { past, rows: new Float32Array(new ArrayBuffer(0, { maxByteLength })), added, addedHeads };
    });
  }

  get #cacheRowLength(): number {
    return this.#prior.heads * this.#cacheLength * this.#prior.headWidth;
  }

  /** Length of a cache with room for `position`. */
  #lengthFor(position: number): number {
    const { positions } = this.#prior;
    if (!this.#hasFreeLength) {
      return positions;
    }
    return Math.min(positions, CACHE_GRAIN * (Math.floor(position / CACHE_GRAIN) + 1));
  }

  /** Gives the first `rowCount` rows of the cache room for `position`, and not much more. */
  fitCaches(position: number, rowCount: number): void {
    const { heads, headWidth } = this.#prior;
    const length = this.#lengthFor(position);
    const byteLength = rowCount * heads * length * headWidth * Float32Array.BYTES_PER_ELEMENT;
    for (const { rows } of this.#caches) {
      if (rows.byteLength < byteLength) {
        rows.buffer.resize(byteLength);
      }
    }
    if (length === this.#cacheLength) {
      return;
    }
    const [from, to] = [this.#cacheLength * headWidth, length * headWidth];
    const blocks = rowCount * heads;
    for (const { rows } of this.#caches) {
      for (let i = 0; i < blocks; i++) {
        // In place: outwards from the end, inwards from the start, so that nothing is overwritten before it has moved.
        const block = to > from ? blocks - 1 - i : i;
        rows.copyWithin(block * to, block * from, block * from + Math.min(from, to));
      }
    }
    this.#cacheLength = length;
    this.#byRowCount.clear();
  }

  /** Gives large caches back to the system, with all that is stored in them. */
  release(): void {
    const byteLength = this.#caches.reduce((sum, { rows }) => sum + rows.byteLength, 0);
    if (byteLength <= KEPT_CACHE_BYTES) {
      return;
    }
    for (const { rows } of this.#caches) {
      rows.buffer.resize(0);
    }
    this.#cacheLength = this.#lengthFor(0);
    this.#byRowCount.clear();
  }

  /** Gives row `to` the cache of row `from`. */
  moveRow(from: number, to: number): void {
    const length = this.#cacheRowLength;
    for (const { rows } of this.#caches) {
      rows.copyWithin(to * length, from * length, (from + 1) * length);
    }
  }

  /** After a step that returns rows: writes row `row`'s new keys and values at `position` of its cache. */
  storeNewRow(row: number, position: number): void {
    if (!this.#returnsRows) {
      return;
    }
    const { heads, headWidth } = this.#prior;
    for (const { rows, addedHeads } of this.#caches) {
      for (let head = row * heads; head < (row + 1) * heads; head++) {
        rows.set(addedHeads[head] ?? [], (head * this.#cacheLength + position) * headWidth);
      }
    }
  }

  /** The tensors of a batch of `rowCount` rows; made once for each count. */
  tensors(rowCount: number): BatchTensors {
    const known = this.#byRowCount.get(rowCount);
    if (known !== undefined) {
      return known;
    }
    const made = this.#makeTensors(rowCount);
    this.#byRowCount.set(rowCount, made);
    return made;
  }

  #makeTensors(rowCount: number): BatchTensors {
    const { width, codebookSize, codesPerPosition, heads, headWidth } = this.#prior;
    const hidden = floats(this.#hidden, [rowCount, width]);
    const logits = floats(this.logits, [rowCount, codebookSize]);
    const stepFeeds: NamedTensors = {
      image_tokens: int64s(this.tokenWords, [rowCount, codesPerPosition]),
      condition: floats(this.condition, [rowCount, width]),
      position: int64s(this.positionWords, [rowCount]),
    };
    const stepFetches: NamedTensors = this.#sessions.depth === undefined ? { logits } : { logits, hidden };
    for (const [index, { past, rows, added }] of this.#caches.entries()) {
      const whole = floats(rows, [rowCount, heads, this.#cacheLength, headWidth]);
      stepFeeds[past] = whole;
      stepFetches[this.#outputNames[index] ?? ''] = this.#returnsRows
        ? floats(added, [rowCount, heads, headWidth])
        : whole;
    }
    const depth = this.depthWords.map((words, index) => ({
      feeds: { hidden, image_tokens: int64s(words, [rowCount, index + 1]) },
      fetches: { logits },
    }));
    return { stepFeeds: only(stepFeeds, this.#sessions.step), stepFetches, depth };
  }
}

/** The first elements of `buffer`, as many as `dims` ask for. */
function floats(buffer: Float32Array, dims: readonly number[]): Tensor {
  return floatTensor(buffer.subarray(0, product(dims)), dims);
}

/** As floats; `words` are the low and high halves of int64 numbers (every platform of ONNX Runtime is little-endian). */
function int64s(words: Int32Array, dims: readonly number[]): Tensor {
  return int64Tensor(new BigInt64Array(words.buffer, 0, product(dims)), dims);
}

function product(dims: readonly number[]): number {
  return dims.reduce((total, size) => total * size, 1);
}

function only(feeds: NamedTensors, session: Session): NamedTensors {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => session.hasInput(name)));
}
