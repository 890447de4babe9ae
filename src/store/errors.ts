import { TesseraError } from '../domain/errors.js';

/**
 * The database cannot do what was asked. Codes: `store_unwritable` (folder or file), `store_damaged` (not a database, or
 * a row that does not parse), `store_newer` (written by a later Tessera), `store_busy` (another process holds the write
 * lock; retryable), `store_conflict` (a job is not in the state a change needs), `store_dangling` (a row names another
 * that is not there), `store_full` (the disk is full or fails; retryable), `store_failed` (anything else SQLite refuses),
 * `store_closed`.
 */
export class StoreError extends TesseraError {}

/** Turns whatever the SQLite binding throws into a StoreError; errors of ours pass unchanged. */
export function asStoreError(cause: unknown): TesseraError {
  if (cause instanceof TesseraError) {
    return cause;
  }
  const code = codeOf(cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new StoreError('store_busy', 'The database is locked by another process.', { cause, retryable: true });
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new StoreError('store_damaged', `The database file is damaged: ${reason}.`, { cause });
  }
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') {
    return new StoreError('store_dangling', 'The row names another one that is not stored.', { cause });
  }
  if (code === 'SQLITE_FULL' || code.startsWith('SQLITE_IOERR')) {
    return new StoreError('store_full', `The database cannot be written: ${reason}.`, { cause, retryable: true });
  }
  if (code.startsWith('SQLITE_READONLY')) {
    return new StoreError('store_unwritable', 'The database file or its folder is read-only.', { cause });
  }
  return new StoreError('store_failed', `The database refused: ${reason}.`, { cause });
}

/** SQLite's symbolic result code of a thrown value, such as `SQLITE_BUSY`; empty where there is none. */
function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}
