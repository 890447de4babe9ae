import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from './errors.js';

/** Makes a folder and those above it. @throws StoreError `store_unwritable` */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) {
    return;
  }
  // Not `recursive: true`: Node 20 then never returns where a file system refuses a new folder with ENOENT (/proc).
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (cause) {
    throw new StoreError('store_unwritable', `The database folder ${folder} cannot be made or written.`, { cause });
  }
}
