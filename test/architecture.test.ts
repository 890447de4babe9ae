/** Who may import whom. Data flows one way: main → bot → commands/controls → queue → pipeline. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

interface Import {
  readonly target: string;
  readonly isTypeOnly: boolean;
}

/** What a folder (or a file directly in src/) may import of ours; `x:types` means types only. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'config.ts': [],
  'errors.ts': [],
  'logger.ts': [],
  pipeline: ['errors.ts'],
  'painter-wire.ts': ['errors.ts', 'pipeline:types'],
  store: ['errors.ts', 'pipeline:types'],
  queue: ['errors.ts', 'logger.ts', 'painter-wire.ts', 'pipeline:types', 'store:types'],
  worker: ['config.ts', 'errors.ts', 'logger.ts', 'painter-wire.ts', 'pipeline'],
  i18n: [],
  guards: ['errors.ts', 'i18n', 'store:types', 'queue:types'],
  commands: ['errors.ts', 'logger.ts', 'i18n', 'guards', 'controls', 'queue:types', 'store:types', 'pipeline:types'],
  controls: ['errors.ts', 'logger.ts', 'i18n', 'guards', 'commands', 'queue:types', 'store:types', 'pipeline:types'],
  bot: [
    'errors.ts',
    'logger.ts',
    'i18n',
    'guards',
    'commands',
    'controls',
    'queue:types',
    'store:types',
    'pipeline:types',
  ],
  playground: ['errors.ts', 'logger.ts'],
  health: ['errors.ts', 'logger.ts', 'queue:types', 'store:types', 'worker:types'],
  'main.ts': ['*'],
  cli: ['*'],
};

/** Packages that only the named folders or files may import. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'discord.js': ['bot', 'commands', 'controls'],
  '@discordjs/': ['bot', 'commands', 'controls'],
  'onnxruntime-node': ['pipeline/onnx.ts'],
  sharp: ['pipeline/png.ts'],
  libsql: ['store'],
  'p-queue': ['queue'],
  bullmq: ['queue'],
  ioredis: ['queue'],
  dotenv: ['config.ts'],
  'prom-client': ['health'],
  ws: ['playground'],
};

/** Every way to import: from, for its effect, dynamically, as a type, by require. */
function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found: Import[] = [];
  for (const match of code.matchAll(/^\s*(import|export)\s+(type\s+)?[^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm)) {
    found.push({ target: match[3] ?? '', isTypeOnly: match[2] !== undefined });
  }
  for (const match of code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)) {
    found.push({ target: match[1] ?? '', isTypeOnly: false });
  }
  for (const match of code.matchAll(/\b(typeof\s+)?(?:import|require)\(\s*['"]([^'"]+)['"]/g)) {
    found.push({ target: match[2] ?? '', isTypeOnly: match[1] !== undefined });
  }
  return found;
}

/** What is wrong with one file; `path` is relative to src/. */
function problemsOf(path: string, source: string): string[] {
  const part = partOf(path);
  const problems: string[] = [];
  const allowed = ALLOWED[part];
  if (allowed === undefined) return [`${path}: the folder ${part} has no rule in this test`];
  for (const { target, isTypeOnly } of importsOf(source)) {
    if (target.startsWith('.')) {
      const imported = relative(SRC, resolve(SRC, dirname(path), target)).replace(/\.js$/, '.ts');
      const other = partOf(imported);
      if (other === part || allowed.includes('*') || allowed.includes(other)) continue;
      const isTypes = isTypeOnly || imported.endsWith('/types.ts');
      if (!(isTypes && allowed.includes(`${other}:types`))) problems.push(`${path} imports ${imported}`);
      continue;
    }
    for (const [name, places] of Object.entries(PACKAGES)) {
      const isIt = name.endsWith('/') ? target.startsWith(name) : target === name || target.startsWith(`${name}/`);
      if (isIt && !places.some((place) => path === place || path.startsWith(`${place}/`))) {
        problems.push(`${path} imports ${target}`);
      }
    }
  }
  if (
    path !== 'config.ts' &&
    /\bprocess\s*(\.|\?\.)\s*env\b|\bprocess\[['"]env|\benv\b[^}]*}\s*=\s*process\b/.test(source)
  ) {
    problems.push(`${path} reads process.env`);
  }
  return problems;
}

function partOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.includes('playground/page'),
  );
}

describe('the architecture', () => {
  it('is kept by every file', () => {
    const problems = sourceFiles().flatMap((path) => problemsOf(path, readFileSync(join(SRC, path), 'utf8')));
    expect(problems).toEqual([]);
  });

  it.each(['onnxruntime-node', 'sharp'])('has exactly one file that imports %s', (name) => {
    const importers = sourceFiles().filter((path) =>
      importsOf(readFileSync(join(SRC, path), 'utf8')).some(({ target, isTypeOnly }) => target === name && !isTypeOnly),
    );
    expect(importers).toHaveLength(1);
  });

  it.each([
    ['pipeline/a.ts', "import { Client } from 'discord.js';"],
    ['worker/a.ts', "import { Client } from '@discordjs/rest';"],
    ['pipeline/a.ts', "import type { Job } from '../queue/types.js';"],
    ['pipeline/b.ts', "import * as ort from 'onnxruntime-node';"],
    ['bot/a.ts', "const sharp = await import('sharp');"],
    ['queue/a.ts', "import { Pipeline } from '../pipeline/pipeline.js';"],
    ['commands/a.ts', "import { createBot } from '../bot/create-bot.js';"],
    ['commands/a.ts', "export { x } from '../../src/main.js';"],
    ['store/a.ts', "import {\n  a,\n  b,\n} from '../queue/fair-queue.js';"],
    ['errors.ts', "import { loadConfig } from './config.js';"],
    ['painter-wire.ts', "import { Pipeline } from './pipeline/pipeline.js';"],
    ['pipeline/a.ts', "import { toWire } from '../painter-wire.js';"],
    ['playground/a.ts', "import '../bot/client.js';"],
    ['queue/a.ts', 'const url = process.env.REDIS_URL;'],
    ['queue/a.ts', 'const { env } = process;'],
    ['nowhere/a.ts', ''],
  ])('refuses in %s: %s', (path, source) => {
    expect(problemsOf(path, source)).toHaveLength(1);
  });

  it.each([
    ['queue/a.ts', "import type { Painter } from '../pipeline/types.js';"],
    ['worker/a.ts', "import { Pipeline } from '../pipeline/pipeline.js';"],
    ['bot/a.ts', "import { Client } from 'discord.js';\nimport { commands } from '../commands/index.js';"],
    ['pipeline/onnx.ts', "import * as ort from 'onnxruntime-node';"],
    ['pipeline/a.ts', "// discord.js knows nothing of this\n/* import x from 'discord.js' */"],
  ])('allows in %s: %s', (path, source) => {
    expect(problemsOf(path, source)).toEqual([]);
  });
});
