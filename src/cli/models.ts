import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadConfig, packageRoot } from '../config.js';
import { type Command, EXIT, type Terminal } from './command.js';
import { noArguments, parseFlags } from './flags.js';

interface BundleReport {
  readonly path: string;
  readonly name: string | null;
  readonly version: string | null;
  readonly licence: string | null;
  readonly bytes: number;
  /** Every file is there with the right SHA-256. */
  readonly ok: boolean;
  readonly problem: string | null;
}

export const models: Command = {
  name: 'models',
  summary: 'list the model bundles and verify their checksums',
  help: `Usage: tessera models [--json]

Lists the bundles in the package's models folder and beside MODEL_BUNDLE, and verifies every file's SHA-256.
Exit code 1 when a bundle is damaged.

  --json   print one JSON object: {bundles: [{path, name, version, licence, bytes, ok, problem}]}`,
  async run(args, terminal) {
    const { values, positionals } = parseFlags(args, { json: { type: 'boolean' } } as const);
    noArguments(positionals);
    const config = loadConfig({ cwd: terminal.cwd });
    const bundles = [];
    for (const path of await findBundles([join(packageRoot(), 'models'), dirname(config.modelBundle)])) {
      bundles.push(await inspect(path, terminal.signal));
    }
    if (values.json) {
      terminal.stdout.write(`${JSON.stringify({ bundles })}\n`);
    } else {
      print(bundles, terminal);
    }
    return bundles.every((bundle) => bundle.ok) ? EXIT.done : EXIT.failure;
  },
};

/** Folders with a bundle.json directly below the given ones. */
async function findBundles(roots: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const root of roots) {
    const names = await readdir(root).catch((): string[] => []);
    for (const name of names) {
      const path = join(root, name);
      const files = await readdir(path).catch((): string[] => []);
      if (files.includes('bundle.json')) {
        found.add(path);
      }
    }
  }
  return [...found].sort();
}

async function inspect(path: string, signal: AbortSignal): Promise<BundleReport> {
  const { readManifest, verifyBundle } = await import('../pipeline/bundle/bundle.js');
  const { BundleError } = await import('../domain/errors.js');
  let report: BundleReport = { path, name: null, version: null, licence: null, bytes: 0, ok: false, problem: null };
  try {
    const { name, version, licence, files } = await readManifest(path);
    const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
    report = { ...report, name, version, licence, bytes };
    await verifyBundle(path, { signal });
    return { ...report, ok: true };
  } catch (error) {
    if (!(error instanceof BundleError)) {
      throw error;
    }
    return { ...report, problem: error.message };
  }
}

function print(bundles: readonly BundleReport[], terminal: Terminal): void {
  if (bundles.length === 0) {
    terminal.stderr.write('There is no bundle yet: see training/README.md.\n');
  }
  for (const { path, name, version, licence, bytes, problem } of bundles) {
    const size = `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    const about = name === null ? path : `${name} ${version}  ${size}  ${licence}  ${path}`;
    terminal.stdout.write(
      `${problem === null ? 'ok      ' : 'damaged '}${about}${problem === null ? '' : `\n        ${problem}`}\n`,
    );
  }
}
