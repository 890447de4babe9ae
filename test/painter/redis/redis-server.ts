import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The redis-server in PATH; undefined where there is none. */
export const redisBinary = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis of our own on a free loopback port that keeps nothing on disk. */
export async function startRedis(): Promise<TestRedis> {
  if (redisBinary === undefined) {
    throw new Error('There is no redis-server in PATH.');
  }
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'tessera-redis-'));
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn(redisBinary, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await isReady(server);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) {
        await once(server, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isReady(server: ChildProcess): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    server.stdout?.on('data', (chunk) => {
      output += chunk;
      if (output.includes('Ready to accept connections')) {
        resolve();
      }
    });
    server.on('exit', () => reject(new Error(`redis-server ended:\n${output}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') {
    throw new Error('No port was given.');
  }
  return address.port;
}
