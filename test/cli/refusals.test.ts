/** Wrong input: one line on standard error, nothing on standard output, exit code 2, nothing painted. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, tinyBundle } from './terminal.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-cli-'));
  writeFileSync(join(folder, 'a-file'), 'not a picture');
  writeFileSync(join(folder, 'empty.png'), '');
  writeFileSync(join(folder, 'huge.png'), hugePngHeader(50_000, 50_000));
  writeFileSync(join(folder, 'long.png'), '');
  // Sparse: takes no room on the disk.
  truncateSync(join(folder, 'long.png'), 40 * 2 ** 20);
  mkdirSync(join(folder, 'a-folder'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A PNG whose header promises far more pixels than anybody wants to decode. */
function hugePngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(33);
  header.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  header.writeUInt32BE(13, 8);
  header.write('IHDR', 12);
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  header.set([8, 6, 0, 0, 0], 24);
  header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
  return header;
}

const refused = async (args: readonly string[], stdin: string | Readable = '') => {
  const result = await cli([...args], { stdin, cwd: folder });
  expect(result.exitCode).toBe(2);
  expect(result.stdout).toBe('');
  expect(result.stderr).toMatch(/^tessera: [^\n]+\n$/);
  return result.stderr;
};

describe('imagine refuses', () => {
  it.each<[string, string[], string]>([
    ['no prompt', [], 'Expected a prompt'],
    ['an empty prompt', [''], 'it is empty'],
    ['a blank prompt', ['  \n\t '], 'it is empty'],
    ['a prompt without quotes', ['a', 'red', 'fox'], 'put it in quotes'],
    ['1,001 characters', ['é'.repeat(1_001)], 'at most 1,000 characters for the prompt but received 1001'],
    ['--count 0', ['fox', '--count', '0'], 'Expected a whole number from 1 to 16 for --count but received "0".'],
    ['--count 17', ['fox', '--count', '17'], '--count'],
    ['--count four', ['fox', '--count', 'four'], '--count but received "four"'],
    ['--temperature -1', ['fox', '--temperature', '-1'], 'a number from 0 to 5 for --temperature but received "-1"'],
    ['--temperature=NaN', ['fox', '--temperature=NaN'], '--temperature'],
    ['--top-p 0', ['fox', '--top-p', '0'], 'above 0 and up to 1 for --top-p'],
    ['--top-k -3', ['fox', '--top-k', '-3'], '--top-k'],
    ['--guidance 21', ['fox', '--guidance', '21'], '--guidance'],
    ['fewer candidates than pictures', ['fox', '--candidates', '3'], 'from 4 to 128 for --candidates'],
    ['--seed -1', ['fox', '--seed', '-1'], '--seed'],
    ['--seed 2^32', ['fox', '--seed', '4294967296'], '--seed'],
    ['--size 31', ['fox', '--size', '31'], 'Expected a whole number from 32 to 1024 for --size but received "31".'],
    ['--size 1025', ['fox', '--size', '1025'], '--size'],
    ['--size 64.5', ['fox', '--size', '64.5'], '--size'],
    ['--size without a number', ['fox', '--size'], '--size'],
    [
      'a style that the bundle has not',
      ['fox', '--bundle', tinyBundle, '--style', 'baroque'],
      'Expected one of 3d for style but received "baroque".',
    ],
    ['a style without a name', ['fox', '--bundle', tinyBundle, '--style', ''], 'for style but received ""'],
    ['an unknown flag', ['fox', '--colour', 'red'], "Unknown option '--colour'"],
    ['a flag without value', ['fox', '--seed'], '--seed'],
    ['a file in place of the folder', ['fox', '--bundle', tinyBundle, '--out', 'a-file'], '--out'],
    ['a folder below a file', ['fox', '--bundle', tinyBundle, '--out', 'a-file/x'], '--out'],
    ['an unwritable folder', ['fox', '--bundle', tinyBundle, '--out', '/proc/tessera'], '--out'],
    ['a bundle that is not there', ['fox', '--bundle', 'nowhere'], 'Expected a bundle folder for --bundle'],
    ['a file as bundle', ['fox', '--bundle', 'a-file'], '--bundle'],
  ])('%s', async (_what, args, message) => {
    expect(await refused(['imagine', ...args])).toContain(message);
  });

  it('an empty standard input', async () => {
    expect(await refused(['imagine', '-'])).toContain('it is empty');
  });

  it('an endless standard input, after reading a little of it', async () => {
    let read = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          read += 4_096;
          yield Buffer.alloc(4_096, 'x');
        }
      })(),
    );
    expect(await refused(['imagine', '-'], endless)).toContain('at most 1,000 characters');
    expect(read).toBeLessThan(1_000_000);
  });
});

describe('vary and describe refuse', () => {
  it.each<[string, string[], string]>([
    ['no picture', [], 'Expected a picture file'],
    ['a missing picture', ['missing.png'], 'ENOENT'],
    ['a folder', ['a-folder'], 'Expected a picture'],
    ['an empty file', ['empty.png'], 'is empty'],
    ['a file that is too long', ['long.png'], 'at most 32 MiB'],
    ['something that is no picture', ['a-file'], 'PNG, JPEG, WebP or GIF'],
    ['a picture of 50,000 × 50,000 pixels', ['huge.png'], 'The picture'],
    ['a size that cannot be', ['a-file', '--size', '0'], '--size'],
  ])('%s', async (_what, args, message) => {
    expect(await refused(['vary', ...args, '--bundle', tinyBundle, '--out', 'out'])).toContain(message);
    expect(await refused(['describe', ...args, '--bundle', tinyBundle])).toContain(message);
  });
});

describe('tessera refuses', () => {
  it.each<[string, string[], string]>([
    ['an unknown command', ['paint'], 'There is no command "paint"'],
    ['help on an unknown command', ['help', 'paint'], 'There is no command "paint"'],
    ['arguments where there are none', ['models', 'emoji'], 'Expected no argument'],
    ['--runs 0', ['bench', '--runs', '0'], '--runs'],
  ])('%s', async (_what, args, message) => {
    expect(await refused(args)).toContain(message);
  });

  it('nothing at all, but says what there is', async () => {
    const result = await cli([]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('Usage: tessera <command>');
  });
});
