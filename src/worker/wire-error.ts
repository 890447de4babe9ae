import {
  AbortedError,
  BundleError,
  InputError,
  PictureTooLargeError,
  TesseraError,
  WorkerLostError,
} from '../errors.js';
import type { WireError } from './protocol.js';

/** Code, message and retryable of any error; whatever is not ours becomes `internal`. The stack stays where it is. */
export function toWire(error: unknown): WireError {
  if (error instanceof TesseraError) {
    return { code: error.code, message: error.message, retryable: error.retryable };
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), retryable: false };
}

/** The same class again on the other side, so that callers can tell errors apart with `instanceof`. */
export function fromWire(error: WireError): TesseraError {
  switch (error.code) {
    case 'bad_input':
      return new InputError(error.message);
    case 'bad_bundle':
      return new BundleError(error.message);
    case 'aborted':
      return new AbortedError(error.message);
    case 'worker_lost':
      return new WorkerLostError(error.message);
    case 'picture_too_large':
      return new PictureTooLargeError(error.message);
    default:
      return new TesseraError(error.code, error.message, { retryable: error.retryable });
  }
}
