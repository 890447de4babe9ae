/** What only a real process shows: exit codes, streams, signals, being started from anywhere. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { tinyBundle } from './terminal.js';

const entry = join(inject('distDir'), 'cli', 'index.js');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-process-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = (args: readonly string[]) => spawn(process.execPath, [entry, ...args], { cwd: folder });

async function end(child: ReturnType<typeof start>) {
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { exitCode, stdout, stderr };
}

describe('the tessera process', () => {
  it('paints from another folder and exits with 0', async () => {
    const child = start(['imagine', '-', '--bundle', tinyBundle, '--count', '1', '--json']);
    child.stdin.end('a fox');
    const result = await end(child);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readdirSync(join(folder, 'pictures'))).toHaveLength(1);
    expect(JSON.parse(result.stdout).images).toHaveLength(1);
  });

  it('refuses 3 MB on standard input at once, without waiting for their end', async () => {
    const child = start(['imagine', '-', '--bundle', tinyBundle]);
    child.stdin.on('error', () => {});
    child.stdin.write(Buffer.alloc(3 * 2 ** 20, 'x'));
    const result = await end(child);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toMatch(/^tessera: [^\n]*1,000 characters[^\n]*\n$/);
  });

  it('is cancelled by Ctrl+C with 130 and leaves no file behind', async () => {
    const args = [
      'imagine',
      'fox',
      '--bundle',
      tinyBundle,
      '--count',
      '16',
      '--candidates',
      '128',
      '--out',
      'cancelled',
    ];
    const child = start(args);
    // The folder is there before the model is loaded: painting has not ended yet.
    const seen = async () => {
      for (;;) {
        try {
          return readdirSync(join(folder, 'cancelled'));
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    };
    await seen();
    child.kill('SIGINT');
    const result = await end(child);
    expect(result).toMatchObject({ exitCode: 130, stdout: '' });
    expect(readdirSync(join(folder, 'cancelled'))).toEqual([]);
  });

  it('does not mind a reader that leaves early', async () => {
    const child = start(['--help']);
    child.stdout.destroy();
    const [exitCode] = await once(child, 'exit');
    expect(exitCode).toBe(0);
  });
});
