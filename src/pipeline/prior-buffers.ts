/** Memory of a batch: everything that the step and the depth graph read and write, made once and kept. */

import type { BundleManifest } from './bundle-schema.js';
import { cacheNames, returnsNewRows } from './bundle-tensors.js';
import { floatTensor, int64Tensor, type Session, type Tensor } from './onnx.js';

export interface PriorSessions {
  readonly step: Session;
  /** Absent where a position holds a single code. */
  readonly depth: Session | undefined;
}

type NamedTensors = Record<string, Tensor>;

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
 * `new_*` are the rows alone, which `storeNewRows` puts into the cache: measured with 16 rows of the default prior, a
 * step takes a quarter to a half less.
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

  private readonly hidden: Float32Array;
  private readonly caches: readonly {
    readonly past: string;
    readonly rows: Float32Array;
    readonly added: Float32Array;
  }[];
  private readonly outputNames: readonly string[];
  private readonly returnsRows: boolean;
  private readonly byRowCount = new Map<number, BatchTensors>();

  constructor(
    private readonly prior: BundleManifest['prior'],
    private readonly sessions: PriorSessions,
    readonly capacity: number,
  ) {
    const { width, codebookSize, codesPerPosition, layers } = prior;
    this.returnsRows = returnsNewRows(sessions.step);
    this.condition = new Float32Array(capacity * width);
    this.hidden = new Float32Array(capacity * width);
    this.logits = new Float32Array(capacity * codebookSize);
    this.positionWords = new Int32Array(2 * capacity);
    this.tokenWords = new Int32Array(2 * capacity * codesPerPosition);
    this.depthWords = Array.from({ length: codesPerPosition - 1 }, (_, g) => new Int32Array(2 * capacity * (g + 1)));
    const names = cacheNames(layers);
    this.outputNames = names.map(({ present, added }) => (this.returnsRows ? added : present));
    this.caches = names.map(({ past }) => ({
      past,
      rows: new Float32Array(capacity * this.cacheRowLength),
      added: new Float32Array(this.returnsRows ? capacity * prior.heads * prior.headWidth : 0),
    }));
  }

  private get cacheRowLength(): number {
    return this.prior.heads * this.prior.positions * this.prior.headWidth;
  }

  /** Takes over the caches of smaller buffers. */
  copyCachesFrom(smaller: PriorBuffers): void {
    this.caches.forEach(({ rows }, index) => {
      rows.set(smaller.caches[index]?.rows ?? []);
    });
  }

  /** Gives row `to` the cache of row `from`. */
  moveRow(from: number, to: number): void {
    const length = this.cacheRowLength;
    for (const { rows } of this.caches) rows.copyWithin(to * length, from * length, (from + 1) * length);
  }

  /** After a step that returns rows: writes row `row`'s new keys and values at `position` of its cache. */
  storeNewRow(row: number, position: number): void {
    if (!this.returnsRows) return;
    const { heads, positions, headWidth } = this.prior;
    for (const { rows, added } of this.caches)
      for (let head = row * heads; head < (row + 1) * heads; head++) {
        const target = (head * positions + position) * headWidth;
        const source = head * headWidth;
        for (let i = 0; i < headWidth; i++) rows[target + i] = added[source + i] as number;
      }
  }

  /** The tensors of a batch of `rowCount` rows; made once for each count. */
  tensors(rowCount: number): BatchTensors {
    const known = this.byRowCount.get(rowCount);
    if (known !== undefined) return known;
    const made = this.makeTensors(rowCount);
    this.byRowCount.set(rowCount, made);
    return made;
  }

  private makeTensors(rowCount: number): BatchTensors {
    const { width, codebookSize, codesPerPosition, heads, positions, headWidth } = this.prior;
    const hidden = floats(this.hidden, [rowCount, width]);
    const logits = floats(this.logits, [rowCount, codebookSize]);
    const stepFeeds: NamedTensors = {
      image_tokens: int64s(this.tokenWords, [rowCount, codesPerPosition]),
      condition: floats(this.condition, [rowCount, width]),
      position: int64s(this.positionWords, [rowCount]),
    };
    const stepFetches: NamedTensors = this.sessions.depth === undefined ? { logits } : { logits, hidden };
    for (const [index, { past, rows, added }] of this.caches.entries()) {
      const whole = floats(rows, [rowCount, heads, positions, headWidth]);
      stepFeeds[past] = whole;
      stepFetches[this.outputNames[index] ?? ''] = this.returnsRows
        ? floats(added, [rowCount, heads, headWidth])
        : whole;
    }
    const depth = this.depthWords.map((words, index) => ({
      feeds: { hidden, image_tokens: int64s(words, [rowCount, index + 1]) },
      fetches: { logits },
    }));
    return { stepFeeds: only(stepFeeds, this.sessions.step), stepFetches, depth };
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
