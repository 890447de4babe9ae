/** The commands on the tiny bundle: random weights, the real runtime, real files. */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { commands } from '../../src/cli/commands.js';
import { Pipeline } from '../../src/pipeline/pipeline.js';
import { cli, tinyBundle } from './terminal.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Report {
  readonly prompt: string;
  readonly seed: number;
  readonly bundle: string;
  readonly images: readonly {
    path: string;
    width: number;
    height: number;
    sha256: string;
    seed: number;
    fit: number;
    sources: readonly Record<string, string>[];
  }[];
  readonly words: { readonly understood: readonly string[]; readonly unknown: readonly string[] };
  readonly timings: Record<string, number>;
}

async function imagine(out: string, ...flags: string[]): Promise<Report> {
  const args = ['imagine', 'A happy fox', '--bundle', tinyBundle, '--out', out, '--json', ...flags];
  const result = await cli(args, { cwd: folder });
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(result.stdout).toMatch(/^\{.*\}\n$/);
  return JSON.parse(result.stdout);
}

describe('imagine', () => {
  it('never writes over a file that has other bytes', async () => {
    const first = await imagine('kept', '--seed', '5', '--count', '1');
    const again = await imagine('kept', '--seed', '5', '--count', '1');
    const other = await imagine('kept', '--seed', '5', '--count', '1', '--size', '64');
    const paths = [first, again, other].map(({ images }) => images[0]?.path ?? '');
    expect(paths[1]).toBe(paths[0]);
    expect(paths[2]).toMatch(/-2\.png$/);
    expect(readdirSync(join(folder, 'kept'))).toHaveLength(2);
    const sha256 = createHash('sha256')
      .update(readFileSync(paths[0] ?? ''))
      .digest('hex');
    expect(sha256).toBe(first.images[0]?.sha256);
  });

  it('writes the pictures it reports', async () => {
    const report = await imagine('first', '--seed', '7', '--count', '2');
    expect(Object.keys(report)).toEqual(['prompt', 'seed', 'bundle', 'words', 'images', 'timings']);
    // This bundle has no memory.
    const words = { understood: [], unknown: [] };
    expect(report).toMatchObject({ prompt: 'A happy fox', seed: 7, bundle: 'tiny', words });
    expect(Object.keys(report.timings)).toEqual(['loadMs', 'encodeMs', 'generateMs', 'decodeMs', 'rankMs', 'totalMs']);
    expect(report.images).toHaveLength(2);
    expect(readdirSync(join(folder, 'first'))).toHaveLength(2);
    for (const image of report.images) {
      expect(Object.keys(image)).toEqual(['path', 'width', 'height', 'sha256', 'seed', 'fit', 'sources']);
      expect(image).toMatchObject({
        sources: [],
        width: 32,
        height: 32,
        path: join(folder, 'first', `a-happy-fox-${image.seed}.png`),
      });
      const bytes = readFileSync(image.path);
      expect(bytes.subarray(1, 4).toString()).toBe('PNG');
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(image.sha256);
      expect(Math.abs(image.fit)).toBeLessThanOrEqual(1);
    }
    expect(report.images[0]?.sha256).not.toBe(report.images[1]?.sha256);
  });

  it('gives the same bytes for the same seed, others for another', async () => {
    const hashes = async (seed: string) => (await imagine('seeds', '--seed', seed)).images.map((image) => image.sha256);
    const first = await hashes('1');
    expect(await hashes('1')).toEqual(first);
    expect(await hashes('2')).not.toEqual(first);
  });

  it('reports the seed it picked, so that the pictures can be had again', async () => {
    const report = await imagine('random', '--count', '1');
    const again = await imagine('random', '--count', '1', '--seed', `${report.seed}`);
    expect(again.images[0]?.sha256).toBe(report.images[0]?.sha256);
  });

  it('obeys the sampling flags', async () => {
    const greedy = await imagine('flags', '--temperature', '0', '--candidates', '2', '--count', '2');
    expect(greedy.images[0]?.sha256).toBe(greedy.images[1]?.sha256);
    const free = await imagine(
      'flags',
      ...[
        '--temperature',
        '2',
        '--top-k',
        '9',
        '--top-p',
        '0.9',
        '--guidance',
        '1.5',
        '--candidates',
        '5',
        '--count',
        '2',
      ],
    );
    expect(free.images[0]?.sha256).not.toBe(free.images[1]?.sha256);
  });

  it('paints in a style of the bundle', async () => {
    const hashes = async (prompt: string, ...flags: string[]) => {
      const args = ['imagine', prompt, '--bundle', tinyBundle, '--out', 'styles', '--seed', '1', '--json', ...flags];
      const report: Report = JSON.parse((await cli(args, { cwd: folder })).stdout);
      return report.images.map(({ sha256 }) => sha256);
    };
    const styled = await hashes('a fox', '--style', '3d');
    expect(styled).toEqual(await hashes('a fox, 3d style'));
    expect(styled).not.toEqual(await hashes('a fox'));
  });

  it.each([32, 100, 256])('writes pictures of %i pixels, and tells of the files as they are', async (size) => {
    const flags = ['--seed', '1', '--count', '2'];
    const [own, report] = [await imagine('own', ...flags), await imagine('sized', ...flags, '--size', `${size}`)];
    expect(report.images.map(({ seed, fit }) => ({ seed, fit }))).toEqual(
      own.images.map(({ seed, fit }) => ({ seed, fit })),
    );
    for (const [index, image] of report.images.entries()) {
      const bytes = readFileSync(image.path);
      expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([size, size]);
      expect(image).toMatchObject({ width: size, height: size });
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(image.sha256);
      // The bundle's own size is 32: there nothing is changed at all.
      expect(image.sha256 === own.images[index]?.sha256).toBe(size === 32);
    }
  });

  it('reads the prompt from standard input and prints one path a line', async () => {
    const args = ['imagine', '-', '--bundle', tinyBundle, '--count', '2', '--seed', '3'];
    const result = await cli(args, { cwd: folder, stdin: '  a red house \n' });
    expect(result.exitCode).toBe(0);
    expect(result.stdout.trim().split('\n').sort()).toEqual(
      readdirSync(join(folder, 'pictures'))
        .sort()
        .map((name) => join(folder, 'pictures', name)),
    );
    expect(result.stdout).toContain('a-red-house-');
    expect(result.stderr).toMatch(/^2 in \d+\.\d s, bundle tiny, --seed 3\n$/);
  });

  it('takes 1,000 characters, counted as people do, and words that look like flags', async () => {
    const long = await cli(['imagine', '🦊'.repeat(1_000), '--bundle', tinyBundle, '--count', '1'], { cwd: folder });
    expect(long.exitCode).toBe(0);
    const dashes = await cli(['imagine', '--bundle', tinyBundle, '--count', '1', '--', '--help'], { cwd: folder });
    expect(dashes.exitCode).toBe(0);
    expect(dashes.stdout).toContain('help-');
  });

  it('shows progress on a terminal only', async () => {
    const args = ['imagine', 'fox', '--bundle', tinyBundle, '--count', '1'];
    const shown = await cli(args, { cwd: folder, isTTY: true });
    expect(shown.stderr).toContain(' % painting');
    expect(shown.stderr).toContain('\r');
  });

  it('stops when it is told to and writes nothing', async () => {
    const args = ['imagine', 'fox', '--bundle', tinyBundle, '--out', 'stopped'];
    const result = await cli(args, { cwd: folder, signal: AbortSignal.abort() });
    expect(result).toMatchObject({ exitCode: 130, stdout: '' });
    expect(readdirSync(join(folder, 'stopped'))).toEqual([]);
  });

  it('stops between two sizes too', async () => {
    const controller = new AbortController();
    const render = vi.spyOn(Pipeline.prototype, 'render').mockImplementation(async () => {
      controller.abort();
      return { png: new Uint8Array(24), widthPx: 64, heightPx: 64 };
    });
    const args = ['imagine', 'fox', '--bundle', tinyBundle, '--out', 'halted', '--size', '64'];
    const result = await cli(args, { cwd: folder, signal: controller.signal });
    expect(render).toHaveBeenCalledTimes(1);
    render.mockRestore();
    expect(result).toMatchObject({ exitCode: 130, stdout: '' });
    expect(readdirSync(join(folder, 'halted'))).toEqual([]);
  });

  it('fails with 1, not 2, for a bundle that is damaged, and names the file', async () => {
    const damaged = join(folder, 'damaged');
    cpSync(tinyBundle, damaged, { recursive: true });
    const file = join(damaged, 'step.onnx');
    const bytes = readFileSync(file);
    bytes[bytes.length - 9] = (bytes.at(-9) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const result = await cli(['imagine', 'fox', '--bundle', damaged], { cwd: folder });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/^tessera: [^\n]*step\.onnx[^\n]*damaged[^\n]*\n$/);
  });
});

describe('vary and describe', () => {
  it('paint and name what a picture shows', async () => {
    const { images } = await imagine('source', '--count', '1', '--seed', '5');
    const source = images[0]?.path ?? '';
    const args = ['vary', source, '--bundle', tinyBundle, '--out', 'varied', '--count', '2', '--seed', '9', '--json'];
    const varied = await cli(args, { cwd: folder });
    expect(JSON.parse(varied.stdout)).toMatchObject({ prompt: '', image: source, seed: 9, bundle: 'tiny' });
    expect(readdirSync(join(folder, 'varied'))).toHaveLength(2);
    const sized = JSON.parse((await cli([...args, '--size', '48'], { cwd: folder })).stdout);
    expect(sized.images[0]).toMatchObject({ width: 48, height: 48, sources: [] });

    const told = await cli(['describe', source, '--bundle', tinyBundle, '--count', '3', '--json'], { cwd: folder });
    const { phrases } = JSON.parse(told.stdout);
    expect(phrases).toHaveLength(3);
    expect(phrases[0].fit).toBeGreaterThanOrEqual(phrases[1].fit);
    const plain = await cli(['describe', source, '--bundle', tinyBundle, '--count', '1'], { cwd: folder });
    expect(plain.stdout).toBe(`${phrases[0].fit.toFixed(3)}  ${phrases[0].text}\n`);
  });
});

describe('models', () => {
  it('lists bundles and finds the damaged ones', async () => {
    const models = join(folder, 'models');
    cpSync(tinyBundle, join(models, 'good'), { recursive: true });
    vi.stubEnv('MODEL_BUNDLE', join(models, 'good'));
    try {
      const bundles = async () => JSON.parse((await cli(['models', '--json'], { cwd: folder })).stdout).bundles;
      const find = (all: { path: string }[], name: string) => all.find(({ path }) => path === join(models, name));
      expect(find(await bundles(), 'good')).toMatchObject({ name: 'tiny', ok: true, problem: null });

      cpSync(tinyBundle, join(models, 'cut'), { recursive: true });
      writeFileSync(join(models, 'cut', 'decoder.onnx'), 'x');
      expect(find(await bundles(), 'cut')).toMatchObject({
        ok: false,
        problem: expect.stringContaining('decoder.onnx'),
      });
      const plain = await cli(['models'], { cwd: folder });
      expect(plain.exitCode).toBe(1);
      expect(plain.stdout).toMatch(/^damaged .*\/cut$/m);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('help', () => {
  it.each(commands.map((command) => command.name))('of %s is on standard output', async (name) => {
    const result = await cli([name, '--help']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toContain(`Usage: tessera ${name}`);
    expect(await cli(['help', name])).toEqual(result);
  });

  it('lists every command', async () => {
    const result = await cli(['--help']);
    expect(result.exitCode).toBe(0);
    for (const { name } of commands) {
      expect(result.stdout).toContain(`  ${name} `);
    }
  });

  it('knows the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await cli(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('names a wrong environment variable and exits with 2', async () => {
    vi.stubEnv('WORKERS', 'many');
    const result = await cli(['models'], { cwd: folder });
    vi.unstubAllEnvs();
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('WORKERS');
  });
});
