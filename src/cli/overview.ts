import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../config.js';
import type { Command } from './command.js';

/** `tessera --help`. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  return `Usage: tessera <command> [flags]

${commands.map((command) => `  ${command.name.padEnd(width)}   ${command.summary}`).join('\n')}

  tessera <command> --help   what a command takes
  tessera --version

Results go to standard output, logs and errors to standard error.
Exit codes: 0 done, 1 failure, 2 bad input or usage, 130 interrupted.`;
}

/** From package.json, so that it is written down once. */
export function version(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return version;
}
