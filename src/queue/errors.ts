import { TesseraError } from '../domain/errors.js';

/** So many jobs wait already that one more would wait too long to be worth it. */
export class QueueFullError extends TesseraError {
  /** Jobs waiting in all. */
  readonly waitingCount: number;
  readonly maxWaiting: number;

  constructor(waitingCount: number, maxWaiting: number) {
    super('queue_full', `The queue is full: ${waitingCount} jobs wait and ${maxWaiting} may.`, { retryable: true });
    this.waitingCount = waitingCount;
    this.maxWaiting = maxWaiting;
  }
}

/** The queue takes no work any more: the process is about to end. */
export class QueueStoppedError extends TesseraError {
  constructor() {
    super('queue_stopped', 'The queue is shutting down.', { retryable: true });
  }
}

/** The job this one varies is gone, or has no such picture. */
export class ParentGoneError extends TesseraError {
  constructor() {
    super('parent_gone', 'The picture that was to be varied is not stored any more.');
  }
}
