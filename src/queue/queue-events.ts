import { EventEmitter } from 'node:events';
import type { QueueEvents } from './queue.js';

/** Typed events whose listeners cannot hurt the queue: what one throws or rejects with is reported and goes no further. */
export class QueueEmitter {
  readonly #events = new EventEmitter();
  readonly #onListenerError: (error: unknown) => void;
  #isMoveDue = false;

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
    // Every shown message may listen for `moved`.
    this.#events.setMaxListeners(0);
  }

  on<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): void {
    this.#events.on(event, listener as (...args: unknown[]) => void);
  }

  off<E extends keyof QueueEvents>(event: E, listener: (...args: QueueEvents[E]) => void): void {
    this.#events.off(event, listener as (...args: unknown[]) => void);
  }

  emit<E extends keyof QueueEvents>(event: E, ...args: QueueEvents[E]): void {
    for (const listener of this.#events.listeners(event)) {
      try {
        const result: unknown = Reflect.apply(listener, undefined, args);
        if (result instanceof Promise) {
          result.catch(this.#onListenerError);
        }
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }

  /** Emits `moved` once for all changes of this turn of the event loop. */
  moved(): void {
    if (this.#isMoveDue) {
      return;
    }
    this.#isMoveDue = true;
    setImmediate(() => {
      this.#isMoveDue = false;
      this.emit('moved');
    });
  }
}
