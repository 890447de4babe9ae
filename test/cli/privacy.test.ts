/** Painting asks nobody anything and leaves nothing in the home folder: a recorder stands where the way out would be. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { tinyBundle } from './terminal.js';

let folder: string;
let home: string;
let proxy: Server;
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-privacy-'));
  home = mkdtempSync(join(tmpdir(), 'tessera-home-'));
  asked = [];
  proxy = createServer((socket) => {
    socket.on('data', (data) => asked.push(data.toString()));
    socket.on('error', () => {});
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  proxy.close();
  rmSync(folder, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
});

function tessera(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const way = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return spawn(process.execPath, [join(inject('distDir'), 'cli', 'index.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: home, HTTPS_PROXY: way, https_proxy: way, HTTP_PROXY: way, ...env },
  });
}

it('imagine, in one process', async () => {
  const child = tessera(['imagine', 'a cat', '--bundle', tinyBundle]);
  expect((await once(child, 'exit'))[0]).toBe(0);
  expect(asked).toEqual([]);
  expect(readdirSync(home)).toEqual([]);
});

it('start, with its painting process', async () => {
  const child = tessera(['start'], { HTTP_PORT: '0', MODEL_BUNDLE: tinyBundle });
  const exited = once(child, 'exit');
  // Said once the bundle is open in the painting process and the bot is connected.
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
  expect(asked).toEqual([]);
  expect(readdirSync(home)).toEqual([]);
});
