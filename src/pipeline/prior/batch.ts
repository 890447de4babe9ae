/** The pictures that share one transformer step. */

import type { BundleManifest } from '../bundle/schema.js';
import { PriorBuffers, type PriorSessions } from './buffers.js';
import type { CodeBook } from './guide.js';
import { RandomGenerator } from './random.js';
import { type DrawSettings, Sampler } from './sampler.js';

/** Tokens that a picture's own are drawn towards, and how strongly. */
interface Guide {
  /** [P × G] */
  readonly tokens: Uint16Array;
  readonly pull: number;
}

export interface PictureSpec {
  /** Conditioning vectors [P × W], as condition.onnx gives them. */
  readonly condition: Float32Array;
  /** Seed of this picture's own generator, 0 to 2^32 − 1. */
  readonly seed: number;
  readonly settings: DrawSettings;
  /** Needs a batch that was given the codes. */
  readonly guide?: Guide | undefined;
}

/** A picture while it is drawn. */
export interface Drawing {
  /** [P × G]; filled up to `position`. */
  readonly tokens: Uint16Array;
  /** Positions drawn so far; the picture is finished at P. */
  readonly position: number;
}

interface MutableDrawing extends Drawing {
  readonly spec: PictureSpec;
  readonly random: RandomGenerator;
  position: number;
  row: number;
  /** Row of the null condition, or −1 where there is no guidance. */
  nullRow: number;
}

/**
 * Pictures that advance together, one position a step, whatever request they belong to and wherever they are: each row
 * has its own position, condition and settings. A picture may join before any step and leaves when it is finished, so
 * a scheduler above can keep the batch full (continuous batching). Guidance takes a second row per picture.
 *
 * A picture's tokens do not depend on who shares its batch: the step's kernels treat each row alone, and its random
 * numbers come from its own generator. (A graph quantised with one scale for the whole batch would break this.)
 *
 * Not re-entrant: one `step` at a time, and no `add` or `remove` during it.
 */
export class PriorBatch {
  readonly positions: number;
  readonly #sampler: Sampler;
  readonly #drawings: MutableDrawing[] = [];
  readonly #buffers: PriorBuffers;
  #rowCount = 0;
  readonly #prior: BundleManifest['prior'];
  readonly #sessions: PriorSessions;
  /** Conditioning vectors [P × W] of the null condition. */
  readonly #nullCondition: Float32Array;
  readonly maxRows: number;
  /** What the codes look like: for guides. */
  readonly #codeBook: CodeBook | undefined;

  constructor(
    prior: BundleManifest['prior'],
    sessions: PriorSessions,
    nullCondition: Float32Array,
    maxRows: number,
    codeBook?: CodeBook,
  ) {
    this.#prior = prior;
    this.#sessions = sessions;
    this.#nullCondition = nullCondition;
    this.maxRows = maxRows;
    this.#codeBook = codeBook;
    this.positions = prior.positions;
    this.#sampler = new Sampler(prior.codebookSize);
    // An empty batch takes any picture, and one may need two rows.
    this.#buffers = new PriorBuffers(prior, sessions, evenUp(Math.max(2, maxRows)));
  }

  /** Rows in use, between 0 and `maxRows`. */
  get activeRowCount(): number {
    return this.#rowCount;
  }

  /** Whether a picture with these settings finds room before the next step. An empty batch takes any picture. */
  hasRoomFor(settings: DrawSettings): boolean {
    return this.#rowCount === 0 || this.#rowCount + rowsOf(settings) <= this.maxRows;
  }

  /** Lets a picture join at the next step. Check `hasRoomFor` first. */
  add(spec: PictureSpec): Drawing {
    const rows = rowsOf(spec.settings);
    const drawing: MutableDrawing = {
      spec,
      tokens: new Uint16Array(this.#prior.positions * this.#prior.codesPerPosition),
      position: 0,
      random: new RandomGenerator(spec.seed),
      row: this.#rowCount,
      nullRow: rows === 2 ? this.#rowCount + 1 : -1,
    };
    this.#rowCount += rows;
    this.#drawings.push(drawing);
    return drawing;
  }

  /** Takes a picture out, finished or not; the last rows move into the place it leaves. */
  remove(drawing: Drawing): void {
    const index = this.#drawings.findIndex(({ tokens }) => tokens === drawing.tokens);
    const [removed] = index < 0 ? [] : this.#drawings.splice(index, 1);
    if (removed === undefined) {
      return;
    }
    // The null row lies behind its picture's own: taken first, it never is the one that moves into the other's place.
    if (removed.nullRow > removed.row) {
      this.#fillHole(removed.nullRow);
      this.#fillHole(removed.row);
    } else {
      this.#fillHole(removed.row);
      if (removed.nullRow >= 0) {
        this.#fillHole(removed.nullRow);
      }
    }
  }

  /** Gives memory back where it is much and nobody is drawn. */
  rest(): void {
    if (this.#rowCount === 0) {
      this.#buffers.release();
    }
  }

  /** Draws the next position of every picture. Those that are finished then have left the batch and are returned. */
  async step(): Promise<readonly Drawing[]> {
    if (this.#rowCount === 0) {
      return [];
    }
    const rows = evenUp(this.#rowCount);
    this.#buffers.fitCaches(Math.max(...this.#drawings.map(({ position }) => position)), rows);
    const { stepFeeds, stepFetches, depth } = this.#buffers.tensors(rows);
    for (const drawing of this.#drawings) {
      this.#prepareRow(drawing, drawing.row, drawing.spec.condition);
      if (drawing.nullRow >= 0) {
        this.#prepareRow(drawing, drawing.nullRow, this.#nullCondition);
      }
    }
    await this.#sessions.step.run(stepFeeds, stepFetches);
    for (const { row, nullRow, position } of this.#drawings) {
      this.#buffers.storeNewRow(row, position);
      if (nullRow >= 0) {
        this.#buffers.storeNewRow(nullRow, position);
      }
    }
    this.#drawCode(0);
    for (const [index, { feeds, fetches }] of depth.entries()) {
      this.#prepareDepth(index + 1);
      await this.#sessions.depth?.run(feeds, fetches);
      this.#drawCode(index + 1);
    }
    for (const drawing of this.#drawings) {
      drawing.position++;
    }
    const finished = this.#drawings.filter(({ position }) => position === this.positions);
    for (const drawing of finished) {
      this.remove(drawing);
    }
    return finished;
  }

  /** Writes what one row needs to know for the step to come. */
  #prepareRow({ tokens, position }: Drawing, row: number, condition: Float32Array): void {
    const { width, codesPerPosition } = this.#prior;
    const buffers = this.#buffers;
    for (let i = 0; i < width; i++) {
      buffers.condition[row * width + i] = condition[position * width + i] as number;
    }
    buffers.positionWords[2 * row] = position;
    for (let code = 0; code < codesPerPosition; code++) {
      // The graph ignores what comes before position 0, but looks it up all the same.
      buffers.tokenWords[2 * (row * codesPerPosition + code)] =
        position === 0 ? 0 : (tokens[(position - 1) * codesPerPosition + code] as number);
    }
  }

  /** Hands the first `drawn` codes of every picture's current position to the depth graph. */
  #prepareDepth(drawn: number): void {
    const words = this.#buffers.depthWords[drawn - 1];
    if (words === undefined) {
      return;
    }
    for (const { tokens, position, row, nullRow } of this.#drawings) {
      for (let code = 0; code < drawn; code++) {
        const token = tokens[position * this.#prior.codesPerPosition + code] as number;
        words[2 * (row * drawn + code)] = token;
        if (nullRow >= 0) {
          words[2 * (nullRow * drawn + code)] = token;
        }
      }
    }
  }

  /** Draws code `code` of every picture's current position from the logits of the last run. */
  #drawCode(code: number): void {
    const { codebookSize, codesPerPosition } = this.#prior;
    const { logits } = this.#buffers;
    for (const { spec, tokens, position, random, row, nullRow } of this.#drawings) {
      tokens[position * codesPerPosition + code] = this.#sampler.draw(
        spec.settings,
        random,
        logits,
        row * codebookSize,
        nullRow < 0 ? undefined : logits,
        nullRow * codebookSize,
        spec.guide && this.#codeBook?.preferences(spec.guide.tokens, tokens, position, code, spec.guide.pull),
      );
    }
  }

  #fillHole(hole: number): void {
    const last = --this.#rowCount;
    if (hole === last) {
      return;
    }
    this.#buffers.moveRow(last, hole);
    for (const drawing of this.#drawings) {
      if (drawing.row === last) {
        drawing.row = hole;
      } else if (drawing.nullRow === last) {
        drawing.nullRow = hole;
      }
    }
  }
}

/**
 * The rows that are run: an odd number gets one more, whose results nobody reads. ONNX Runtime's kernel for 4-bit weights
 * treats the last row of an odd number in another way, and its last bits then depend on who shares the batch (measured;
 * 8-bit and float32 weights give the same bits for any number of rows).
 */
function evenUp(rowCount: number): number {
  return rowCount + (rowCount % 2);
}

/** Guidance needs a second row, with the null condition; a scale of 1 is no guidance. */
function rowsOf(settings: DrawSettings): number {
  return settings.guidanceScale === 1 ? 1 : 2;
}
