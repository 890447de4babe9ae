/** The calls that have not been answered yet, and what ends them. */
import { AbortedError } from '../../domain/errors.js';
import type { PaintOptions, PaintProgress } from '../painter.js';
import type { PainterCall } from '../wire.js';

interface Entry {
  readonly call: PainterCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: PaintProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
  isSent: boolean;
}

export class PendingCalls {
  readonly #entries = new Map<number, Entry>();
  readonly #cancel: (id: number) => void;
  #nextId = 0;

  /** `cancel` is told when the signal of a call that was sent fires; the call goes on until it is answered. */
  constructor(cancel: (id: number) => void) {
    this.#cancel = cancel;
  }

  get size(): number {
    return this.#entries.size;
  }

  get hasSent(): boolean {
    return [...this.#entries.values()].some((entry) => entry.isSent);
  }

  /** The promise rejects with AbortedError: at once while the call waits, after its answer once it was sent. */
  add(call: PainterCall, { signal, onProgress }: PaintOptions): { id: number; answer: Promise<unknown> } {
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => {
      const onAbort = () => {
        // Sent calls end when the process says so: only then is the slot really free.
        if (this.#entries.get(id)?.isSent) {
          this.#cancel(id);
        } else {
          this.reject(id, new AbortedError());
        }
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#entries.set(id, { call, resolve, reject, onProgress, signal, onAbort, isSent: false });
    });
    return { id, answer };
  }

  /** Marks a call as sent and gives what to send. */
  take(id: number): PainterCall | undefined {
    const entry = this.#entries.get(id);
    if (entry !== undefined) {
      entry.isSent = true;
    }
    return entry?.call;
  }

  waitingIds(): readonly number[] {
    return [...this.#entries].filter(([, entry]) => !entry.isSent).map(([id]) => id);
  }

  progress(id: number, progress: PaintProgress): void {
    this.#entries.get(id)?.onProgress?.(progress);
  }

  resolve(id: number, value: unknown): void {
    const entry = this.#remove(id);
    if (entry?.signal?.aborted) {
      entry.reject(new AbortedError());
    } else {
      entry?.resolve(value);
    }
  }

  /** A cancelled call that fails has done what its owner wanted: it is over, and says AbortedError. */
  reject(id: number, error: Error): void {
    const entry = this.#remove(id);
    entry?.reject(entry.signal?.aborted ? new AbortedError() : error);
  }

  /** Returns how many there were. */
  rejectAll(error: Error, options: { readonly onlySent: boolean }): number {
    const ids = [...this.#entries].filter(([, entry]) => entry.isSent || !options.onlySent).map(([id]) => id);
    for (const id of ids) {
      this.reject(id, error);
    }
    return ids.length;
  }

  #remove(id: number): Entry | undefined {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    entry?.signal?.removeEventListener('abort', entry.onAbort);
    return entry;
  }
}
