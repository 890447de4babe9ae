/** Who may import whom. Data flows one way: app → discord, commands → actions → queue → painter → pipeline. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

interface Import {
  readonly target: string;
  readonly isTypeOnly: boolean;
}

/**
 * What a folder (or a file directly in src/) may import of ours. `x:port` is the one file `x/x.ts`, which holds the
 * interface that the folder is used through.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'config.ts': ['domain'],
  'logger.ts': [],
  domain: [],
  i18n: [],
  pipeline: ['domain', 'painter:port'],
  painter: ['config.ts', 'logger.ts', 'domain'],
  store: ['domain'],
  queue: ['logger.ts', 'domain', 'painter:port', 'store:port'],
  actions: ['domain', 'i18n', 'painter:port', 'store:port', 'queue:port'],
  discord: ['logger.ts', 'domain', 'i18n', 'actions', 'commands', 'painter:port', 'store:port', 'queue:port'],
  commands: ['domain', 'i18n', 'actions', 'discord', 'painter:port', 'store:port', 'queue:port'],
  health: ['logger.ts', 'domain', 'painter', 'store:port', 'queue:port'],
  'painting-process.ts': ['painter', 'pipeline'],
  'app.ts': ['*'],
  cli: ['*'],
};

/** Packages that only the named folders or files may import. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'discord.js': ['discord', 'commands'],
  '@discordjs/': ['discord', 'commands'],
  'onnxruntime-node': ['pipeline/bundle/onnx.ts'],
  sharp: ['pipeline/picture/png.ts'],
  libsql: ['store'],
  'p-queue': ['queue'],
  bullmq: ['painter/redis'],
  ioredis: ['painter/redis'],
  dotenv: ['config.ts'],
  'prom-client': ['health'],
  '@tessera/': ['app.ts'],
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
  if (allowed === undefined) {
    return [`${path}: the folder ${part} has no rule in this test`];
  }
  for (const { target } of importsOf(source)) {
    if (target.startsWith('.')) {
      const imported = relative(SRC, resolve(SRC, dirname(path), target)).replace(/\.js$/, '.ts');
      const other = partOf(imported);
      if (other === part || allowed.includes('*') || allowed.includes(other)) {
        continue;
      }
      const isPort = imported === `${other}/${other}.ts`;
      if (!(isPort && allowed.includes(`${other}:port`))) {
        problems.push(`${path} imports ${imported}`);
      }
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
    path !== 'pipeline/bundle/no-telemetry.ts' &&
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
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
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

  it('lets the local Discord know nothing of the bot', () => {
    const playground = resolve(SRC, '../packages/playground/src');
    const outside = readdirSync(playground, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .flatMap((path) =>
        importsOf(readFileSync(join(playground, path), 'utf8'))
          .filter(({ target }) => target.startsWith('.'))
          .map(({ target }) => relative(playground, resolve(playground, dirname(path), target))),
      )
      .filter((target) => target.startsWith('..'));
    expect(outside).toEqual([]);
  });

  it.each([
    ['pipeline/a.ts', "import { Client } from 'discord.js';"],
    ['painter/a.ts', "import { Client } from '@discordjs/rest';"],
    ['actions/a.ts', "import { Client } from 'discord.js';"],
    ['actions/a.ts', "import { textMessage } from '../discord/kit/job-message.js';"],
    ['pipeline/a.ts', "import type { Job } from '../queue/queue.js';"],
    ['pipeline/b.ts', "import * as ort from 'onnxruntime-node';"],
    ['discord/a.ts', "const sharp = await import('sharp');"],
    ['queue/a.ts', "import { Pipeline } from '../pipeline/pipeline.js';"],
    ['queue/a.ts', "import { ProcessPool } from '../painter/process/pool.js';"],
    ['commands/a.ts', "import { startTessera } from '../app.js';"],
    ['commands/a.ts', "export { x } from '../../src/app.js';"],
    ['store/a.ts', "import {\n  a,\n  b,\n} from '../queue/job-queue.js';"],
    ['domain/errors.ts', "import { loadConfig } from '../config.js';"],
    ['painter/wire.ts', "import { Pipeline } from '../pipeline/pipeline.js';"],
    ['pipeline/a.ts', "import { toWire } from '../painter/wire.js';"],
    ['discord/a.ts', "import { startPlayground } from '@tessera/playground';"],
    ['queue/a.ts', 'const url = process.env.REDIS_URL;'],
    ['queue/a.ts', 'const { env } = process;'],
    ['nowhere/a.ts', ''],
  ])('refuses in %s: %s', (path, source) => {
    expect(problemsOf(path, source)).toHaveLength(1);
  });

  it.each([
    ['queue/a.ts', "import type { Painter } from '../painter/painter.js';"],
    ['painting-process.ts', "import { Pipeline } from './pipeline/pipeline.js';"],
    ['discord/a.ts', "import { Client } from 'discord.js';\nimport { commands } from '../commands/index.js';"],
    ['pipeline/bundle/onnx.ts', "import * as ort from 'onnxruntime-node';"],
    ['pipeline/a.ts', "// discord.js knows nothing of this\n/* import x from 'discord.js' */"],
  ])('allows in %s: %s', (path, source) => {
    expect(problemsOf(path, source)).toEqual([]);
  });
});
