import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'libsql';
import { TesseraError } from '../domain/errors.js';
import { asStoreError } from './errors.js';
import { makeFolder } from './make-folder.js';

export interface DatabaseLock {
  release(): void;
}

/**
 * Says that this process paints from a database, for as long as it lives: two of them would end each other's jobs. The
 * system's own file lock is held on a file beside it, so it dies with its process, however that ends. Others may read.
 * @param path the database; another spelling of the same path, or a link to it, is the same
 * @throws TesseraError `database_in_use`
 */
export function lockDatabase(path: string): DatabaseLock {
  if (path === ':memory:') {
    return { release: () => {} };
  }
  const lock = new Database(`${realPath(path)}-lock`, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    const error = asStoreError(cause);
    if (error.code !== 'store_busy') {
      throw error;
    }
    const message = `The database ${path} is in use by another tessera: stop it, or set DATABASE_PATH to another file.`;
    throw new TesseraError('database_in_use', message, { cause });
  }
  return { release: () => lock.close() };
}

/** Where links lead to; a file that is not there yet has its folder's path. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    makeFolder(dirname(path));
    return join(realpathSync(dirname(path)), basename(path));
  }
}
