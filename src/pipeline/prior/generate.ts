/** Keeps the prior's batch full: several requests at once, each with its own progress and its own way out. */

import { AbortedError } from '../../domain/errors.js';
import type { Drawing, PictureSpec, PriorBatch } from './batch.js';

interface GenerateProgress {
  /** Positions drawn of all pictures of this call, 0–1. */
  readonly fraction: number;
  /** Pictures as far as they are drawn, in the order asked for; undefined while one still waits for room. */
  readonly drawings: readonly (Drawing | undefined)[];
}

export interface GenerateOptions {
  /** Checked between steps; the promise rejects with AbortedError after the rows are free. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each step. The next step waits for the promise it may return; what it throws rejects this call. */
  readonly onStep?: ((progress: GenerateProgress) => void | Promise<void>) | undefined;
}

interface Call {
  readonly specs: readonly PictureSpec[];
  readonly drawings: (Drawing | undefined)[];
  readonly options: GenerateOptions;
  readonly resolve: (tokens: Uint16Array[]) => void;
  readonly reject: (error: unknown) => void;
  /** Pictures that have got a row, drawing or done. */
  startedCount: number;
}

/**
 * Runs calls side by side: pictures join the batch whenever there is room, at whatever position the others are, and a
 * call with more pictures than fit is painted in turns. Calls are served in the order in which they came.
 */
export class Generator {
  readonly #calls: Call[] = [];
  #isRunning = false;
  readonly #batch: PriorBatch;

  constructor(batch: PriorBatch) {
    this.#batch = batch;
  }

  /**
   * Tokens [P × G] of every picture, in the order of `specs`.
   *
   * @throws AbortedError when the signal is aborted.
   */
  generate(specs: readonly PictureSpec[], options: GenerateOptions = {}): Promise<Uint16Array[]> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ specs, drawings: specs.map(() => undefined), options, resolve, reject, startedCount: 0 });
      if (!this.#isRunning) {
        void this.#run();
      }
    });
  }

  /** Never rejects: whatever goes wrong rejects the calls it concerns. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#calls.length > 0) {
        this.#dropAborted();
        this.#admit();
        await this.#batch.step();
        for (const call of [...this.#calls]) {
          await this.#report(call);
        }
      }
    } catch (error) {
      for (const call of [...this.#calls]) {
        this.#end(call, () => call.reject(error));
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #dropAborted(): void {
    for (const call of [...this.#calls]) {
      if (call.options.signal?.aborted) {
        this.#end(call, () => call.reject(new AbortedError()));
      }
    }
  }

  #admit(): void {
    for (const call of this.#calls) {
      for (; call.startedCount < call.specs.length; call.startedCount++) {
        const spec = call.specs[call.startedCount];
        if (spec === undefined || !this.#batch.hasRoomFor(spec.settings)) {
          return;
        }
        call.drawings[call.startedCount] = this.#batch.add(spec);
      }
    }
  }

  async #report(call: Call): Promise<void> {
    const { positions } = this.#batch;
    const drawn = call.drawings.reduce((sum, drawing) => sum + (drawing?.position ?? 0), 0);
    const wanted = call.specs.length * positions;
    try {
      await call.options.onStep?.({ fraction: wanted === 0 ? 1 : drawn / wanted, drawings: call.drawings });
    } catch (error) {
      this.#end(call, () => call.reject(error));
      return;
    }
    if (drawn === wanted) {
      this.#end(call, () => call.resolve(call.drawings.flatMap((drawing) => (drawing ? [drawing.tokens] : []))));
    }
  }

  /** Frees the call's rows before its promise is settled, and the last call's memory: decoding takes much itself. */
  #end(call: Call, settle: () => void): void {
    const index = this.#calls.indexOf(call);
    if (index < 0) {
      return;
    }
    this.#calls.splice(index, 1);
    for (const drawing of call.drawings) {
      if (drawing !== undefined) {
        this.#batch.remove(drawing);
      }
    }
    if (this.#calls.length === 0) {
      this.#batch.rest();
    }
    settle();
  }
}
