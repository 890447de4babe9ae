/** The rows that share one transformer step, and the buffers they live in. */

import type { BundleManifest } from './bundle-schema.js';
import { cacheNames } from './bundle-tensors.js';
import { floatsOf, floatTensor, int64Tensor, type Session, type Tensor } from './onnx.js';
import { RandomGenerator } from './random.js';
import { type DrawSettings, Sampler } from './sampler.js';

export interface PriorSessions {
  readonly step: Session;
  /** Absent where a position holds a single code. */
  readonly depth: Session | undefined;
}

export interface PictureSpec {
  /** Conditioning vectors [P × W], as condition.onnx gives them. */
  readonly condition: Float32Array;
  /** Seed of this picture's own generator, 0 to 2^32 − 1. */
  readonly seed: number;
  readonly settings: DrawSettings;
}

/** A picture while it is drawn. */
export interface Drawing {
  readonly spec: PictureSpec;
  /** [P × G]; filled up to `position`. */
  readonly tokens: Uint16Array;
  /** Positions drawn so far; the picture is finished at P. */
  readonly position: number;
}

interface MutableDrawing extends Drawing {
  position: number;
  readonly random: RandomGenerator;
  row: number;
  /** Row of the null condition, or −1 where there is no guidance. */
  nullRow: number;
}

/** Tensors over the first `rowCount` rows of the buffers. */
interface Views {
  readonly stepFeeds: Record<string, Tensor>;
  readonly stepFetches: Record<string, Tensor>;
  /** One pair per further code. */
  readonly depth: readonly { readonly feeds: Record<string, Tensor>; readonly fetches: Record<string, Tensor> }[];
}

/**
 * Pictures that advance together, one position a step, whatever request they belong to and wherever they are: each row
 * has its own position, condition and settings. A picture may join before any step and leaves when it is finished, so
 * a scheduler above can keep the batch full (continuous batching). Guidance takes a second row per picture.
 *
 * A picture's tokens do not depend on who shares its batch: every kernel of the step treats rows alone, and its random
 * numbers come from its own generator. (A graph quantised with one scale for the whole batch would break this.)
 *
 * All buffers are kept between steps; the cache is written in place. Not re-entrant: one `step` at a time.
 */
export class PriorBatch {
  /** Bytes of key/value cache that one row takes. */
  readonly rowBytes: number;
  readonly positions: number;
  private readonly sampler: Sampler;
  private readonly caches: readonly { readonly past: string; readonly present: string }[];
  private readonly drawings: MutableDrawing[] = [];
  private readonly views = new Map<number, Views>();
  private buffers: Buffers;
  private rowCount = 0;

  constructor(
    private readonly prior: BundleManifest['prior'],
    private readonly sessions: PriorSessions,
    /** Conditioning vectors [P × W] of the null condition. */
    private readonly nullCondition: Float32Array,
    readonly maxRows: number,
  ) {
    this.positions = prior.positions;
    this.caches = cacheNames(prior.layers);
    this.rowBytes = this.caches.length * prior.heads * prior.positions * prior.headWidth * 4;
    this.sampler = new Sampler(prior.codebookSize);
    this.buffers = new Buffers(prior, this.caches.length, 0);
  }

  get pictureCount(): number {
    return this.drawings.length;
  }

  /** Whether a picture with these settings finds room before the next step. */
  hasRoomFor(settings: DrawSettings): boolean {
    return this.rowCount === 0 || this.rowCount + rowsOf(settings) <= this.maxRows;
  }

  /** Lets a picture join at the next step. Check `hasRoomFor` first. */
  add(spec: PictureSpec): Drawing {
    const rows = rowsOf(spec.settings);
    this.reserve(this.rowCount + rows);
    const drawing: MutableDrawing = {
      spec,
      tokens: new Uint16Array(this.prior.positions * this.prior.codesPerPosition),
      position: 0,
      random: new RandomGenerator(spec.seed),
      row: this.rowCount,
      nullRow: rows === 2 ? this.rowCount + 1 : -1,
    };
    this.rowCount += rows;
    this.drawings.push(drawing);
    return drawing;
  }

  /** Takes a picture out, finished or not; the last rows move into the place it leaves. */
  remove(drawing: Drawing): void {
    const index = this.drawings.findIndex((candidate) => candidate.tokens === drawing.tokens);
    const removed = this.drawings[index];
    if (removed === undefined) return;
    this.drawings.splice(index, 1);
    // The higher row first: the last row may be the lower one's neighbour.
    for (const hole of [removed.nullRow, removed.row].sort((a, b) => b - a)) if (hole >= 0) this.fillHole(hole);
  }

  /** Draws the next position of every picture. Returns those that are finished now; they have left the batch. */
  async step(): Promise<readonly Drawing[]> {
    if (this.rowCount === 0) return [];
    const views = this.viewsOf(this.rowCount);
    for (const drawing of this.drawings) this.prepare(drawing);
    const logits = floatsOf(await this.sessions.step.run(views.stepFeeds, views.stepFetches), 'logits');
    this.draw(logits, 0);
    for (const [index, { feeds, fetches }] of views.depth.entries()) {
      this.prepareDepth(index + 1);
      if (this.sessions.depth !== undefined)
        this.draw(floatsOf(await this.sessions.depth.run(feeds, fetches), 'logits'), index + 1);
    }
    for (const drawing of this.drawings) drawing.position++;
    const finished = this.drawings.filter((drawing) => drawing.position === this.prior.positions);
    for (const drawing of finished) this.remove(drawing);
    return finished;
  }

  /** Writes what a picture's rows need to know for the step to come. */
  private prepare({ spec, tokens, position, row, nullRow }: MutableDrawing): void {
    const { width, codesPerPosition } = this.prior;
    const { condition, positionWords, tokenWords } = this.buffers;
    const from = position * width;
    for (let i = 0; i < width; i++) condition[row * width + i] = spec.condition[from + i] ?? 0;
    if (nullRow >= 0)
      for (let i = 0; i < width; i++) condition[nullRow * width + i] = this.nullCondition[from + i] ?? 0;
    for (let target = row; target >= 0; target = target === row ? nullRow : -1) {
      positionWords[2 * target] = position;
      for (let code = 0; code < codesPerPosition; code++)
        tokenWords[2 * (target * codesPerPosition + code)] =
          position === 0 ? 0 : (tokens[(position - 1) * codesPerPosition + code] ?? 0);
    }
  }

  /** Hands the first `drawn` codes of every picture's current position to the depth graph. */
  private prepareDepth(drawn: number): void {
    const words = this.buffers.depthWords[drawn - 1];
    if (words === undefined) return;
    for (const { tokens, position, row, nullRow } of this.drawings)
      for (let code = 0; code < drawn; code++) {
        const token = tokens[position * this.prior.codesPerPosition + code] ?? 0;
        words[2 * (row * drawn + code)] = token;
        if (nullRow >= 0) words[2 * (nullRow * drawn + code)] = token;
      }
  }

  /** Draws code `code` of every picture's current position. */
  private draw(logits: Float32Array, code: number): void {
    const { codebookSize, codesPerPosition } = this.prior;
    for (const { spec, tokens, position, random, row, nullRow } of this.drawings)
      tokens[position * codesPerPosition + code] =
        nullRow < 0
          ? this.sampler.draw(spec.settings, random, logits, row * codebookSize)
          : this.sampler.draw(spec.settings, random, logits, row * codebookSize, logits, nullRow * codebookSize);
  }

  private fillHole(hole: number): void {
    const last = --this.rowCount;
    if (hole === last) return;
    const rowLength = this.rowBytes / 4 / this.caches.length;
    for (const cache of this.buffers.caches)
      cache.copyWithin(hole * rowLength, last * rowLength, (last + 1) * rowLength);
    for (const drawing of this.drawings) {
      if (drawing.row === last) drawing.row = hole;
      else if (drawing.nullRow === last) drawing.nullRow = hole;
    }
  }

  /** Grows the buffers, so that memory follows the largest batch there was and not the largest there may be. */
  private reserve(rows: number): void {
    if (rows <= this.buffers.capacity) return;
    const grown = new Buffers(
      this.prior,
      this.caches.length,
      Math.min(Math.max(rows, 2 * this.rowCount), Math.max(rows, this.maxRows)),
    );
    this.buffers.caches.forEach((cache, index) => {
      grown.caches[index]?.set(cache);
    });
    this.buffers = grown;
    this.views.clear();
  }

  private viewsOf(rowCount: number): Views {
    const known = this.views.get(rowCount);
    if (known !== undefined) return known;
    const { buffers, prior } = this;
    const { width, codebookSize, codesPerPosition, heads, positions, headWidth } = prior;
    const hidden = floatTensor(buffers.hidden.subarray(0, rowCount * width), [rowCount, width]);
    const logits = floatTensor(buffers.logits.subarray(0, rowCount * codebookSize), [rowCount, codebookSize]);
    const stepFeeds: Record<string, Tensor> = {
      image_tokens: int64Tensor(buffers.tokens.subarray(0, rowCount * codesPerPosition), [rowCount, codesPerPosition]),
      condition: floatTensor(buffers.condition.subarray(0, rowCount * width), [rowCount, width]),
      position: int64Tensor(buffers.positions.subarray(0, rowCount), [rowCount]),
    };
    const stepFetches: Record<string, Tensor> = this.sessions.depth === undefined ? { logits } : { logits, hidden };
    this.caches.forEach(({ past, present }, index) => {
      const cache = buffers.caches[index];
      if (cache === undefined) return;
      const rows = cache.subarray(0, rowCount * heads * positions * headWidth);
      const tensor = floatTensor(rows, [rowCount, heads, positions, headWidth]);
      stepFeeds[past] = tensor;
      stepFetches[present] = tensor;
    });
    const depth = buffers.depthTokens.map((tokens, index) => ({
      feeds: { hidden, image_tokens: int64Tensor(tokens.subarray(0, rowCount * (index + 1)), [rowCount, index + 1]) },
      fetches: { logits },
    }));
    const views = { stepFeeds: only(stepFeeds, this.sessions.step), stepFetches, depth };
    this.views.set(rowCount, views);
    return views;
  }
}

/** Everything that a step reads and writes, for up to `capacity` rows. */
class Buffers {
  readonly condition: Float32Array;
  readonly hidden: Float32Array;
  readonly logits: Float32Array;
  readonly positions: BigInt64Array;
  readonly tokens: BigInt64Array;
  /** Entry g − 1 holds the first g codes of each row. */
  readonly depthTokens: readonly BigInt64Array[];
  readonly caches: readonly Float32Array[];
  // Low words of the int64 buffers: numbers are written there without making a BigInt of each.
  readonly positionWords: Int32Array;
  readonly tokenWords: Int32Array;
  readonly depthWords: readonly Int32Array[];

  constructor(
    prior: BundleManifest['prior'],
    cacheCount: number,
    readonly capacity: number,
  ) {
    const { width, codebookSize, codesPerPosition, heads, positions, headWidth } = prior;
    this.condition = new Float32Array(capacity * width);
    this.hidden = new Float32Array(capacity * width);
    this.logits = new Float32Array(capacity * codebookSize);
    this.positions = new BigInt64Array(capacity);
    this.tokens = new BigInt64Array(capacity * codesPerPosition);
    this.depthTokens = Array.from({ length: codesPerPosition - 1 }, (_, g) => new BigInt64Array(capacity * (g + 1)));
    this.caches = Array.from({ length: cacheCount }, () => new Float32Array(capacity * heads * positions * headWidth));
    this.positionWords = new Int32Array(this.positions.buffer);
    this.tokenWords = new Int32Array(this.tokens.buffer);
    this.depthWords = this.depthTokens.map((tokens) => new Int32Array(tokens.buffer));
  }
}

/** Guidance needs a second row, with the null condition; a scale of 1 is no guidance. */
export function rowsOf(settings: DrawSettings): number {
  return settings.guidanceScale === 1 ? 1 : 2;
}

function only(feeds: Record<string, Tensor>, session: Session): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => session.hasInput(name)));
}
