/** What the commands tell of the memory: the tiny bundle has none, so the real pipeline's answer is added to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { cli, tinyBundle } from './terminal.js';

const fox = { name: 'fox', set: 'Noto Emoji', author: 'Google', licence: 'Apache-2.0' };
const words = { understood: ['a fox'], unknown: ['blorp', 'zx\ncv\u009b31m'] };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-cli-'));
  const paint = Pipeline.prototype.paint;
  vi.spyOn(Pipeline.prototype, 'paint').mockImplementation(async function (this: Pipeline, ...args) {
    const result = await paint.apply(this, args);
    const embedding = result.embedding.vector;
    const pictures = result.pictures.map((picture, index) =>
      index === 0 ? { ...picture, condition: { embedding, sources: [fox] } } : picture,
    );
    return { ...result, words, pictures };
  });
});
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const imagine = (...flags: string[]) =>
  cli(['imagine', 'a fox, blorp', '--bundle', tinyBundle, '--count', '2', '--seed', '1', ...flags], { cwd: folder });

it.each([[[]], [['--size', '64']]])('--json has the words and the sources of each picture %j', async (flags) => {
  const result = await imagine('--json', ...flags);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  const report = JSON.parse(result.stdout);
  expect(report.words).toEqual(words);
  expect(report.images.map(({ sources }: { sources: unknown }) => sources)).toEqual([[fox], []]);
});

it('plain output tells the words that were not understood, on one line of standard error', async () => {
  const { stdout, stderr } = await imagine();
  expect(stdout.trim().split('\n')).toHaveLength(2);
  expect(stderr).toMatch(/^not understood: "blorp", "zx cv 31m"\n2 in \d+\.\d s, bundle tiny, --seed 1\n$/);
});
