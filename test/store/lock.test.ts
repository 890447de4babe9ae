import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { lockDatabase } from '../../src/store/lock.js';
import { openStore } from '../../src/store/open-store.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-lock-'));
  path = join(folder, 'data', 'tessera.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is held by one, however the path is spelt, until it is released', () => {
  const lock = lockDatabase(path);
  openStore({ path }).close();
  symlinkSync(join(folder, 'data'), join(folder, 'link'));
  symlinkSync(path, join(folder, 'file'));
  for (const same of [
    path,
    join(folder, 'data', '..', 'data', 'tessera.sqlite'),
    join(folder, 'link', 'tessera.sqlite'),
    join(folder, 'file'),
  ]) {
    expect(() => lockDatabase(same), same).toThrow(expect.objectContaining({ code: 'database_in_use' }));
  }
  lockDatabase(join(folder, 'data', 'other.sqlite')).release();
  lockDatabase(':memory:').release();
  lock.release();
  lockDatabase(path).release();
});

it('dies with its process', async () => {
  const module = pathToFileURL(join(inject('distDir'), 'store', 'lock.js')).href;
  const holder = `const { lockDatabase } = await import('${module}');
    lockDatabase(process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder, path]);
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  expect(() => lockDatabase(path)).toThrow(/in use by another tessera/);
  child.kill('SIGKILL');
  await exited;
  lockDatabase(path).release();
});
