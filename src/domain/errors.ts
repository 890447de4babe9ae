/** Every error of ours has a stable `code`, a message for people, and says whether trying again can help. */
export class TesseraError extends Error {
  readonly code: string;
  /** True when the same request may succeed later (a worker died, a machine is away). */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The caller's input is wrong; the message says what was expected and what came. CLI exit code 2. */
export class InputError extends TesseraError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('bad_input', message, options);
  }
}

/** A model bundle cannot be used: a file is missing, damaged, or of another format. */
export class BundleError extends TesseraError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('bad_bundle', message, options);
  }
}

/** The work was cancelled by its owner; nothing is wrong. */
export class AbortedError extends TesseraError {
  constructor(message = 'The work was cancelled.') {
    super('aborted', message);
  }
}

/** The process that paints went away in the middle of the work. */
export class WorkerLostError extends TesseraError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('worker_lost', message, { ...options, retryable: true });
  }
}

/** A picture cannot be made small enough for where it has to go. */
export class PictureTooLargeError extends TesseraError {
  constructor(message: string) {
    super('picture_too_large', message);
  }
}

/** Numbers (an embedding, tokens) were made by another model, and this one cannot read them. */
export class OtherModelError extends TesseraError {
  readonly madeWith: string;
  readonly inUse: string;

  constructor(madeWith: string, inUse: string) {
    super('other_model', `The pictures were made with the model ${madeWith}, but ${inUse} is in use.`);
    this.madeWith = madeWith;
    this.inUse = inUse;
  }
}

/** An error of ours after which the same may succeed later: to be tried again, not to be told. */
export function isPassing(error: unknown): error is TesseraError {
  return error instanceof TesseraError && error.retryable;
}

/** `Expected X for Y but received Z`, in one place so that every message reads alike. */
export function expected(what: string, name: string, received: unknown): InputError {
  return new InputError(`Expected ${what} for ${name} but received ${show(received)}.`);
}

function show(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > 60 ? `${JSON.stringify(value.slice(0, 60))}…` : JSON.stringify(value);
  }
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  return Array.isArray(value) ? `an array of ${value.length}` : typeof value;
}
