import { Readable } from 'node:stream';
import type { Terminal } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands.js';
import { runCli } from '../../src/cli/run.js';

export const tinyBundle = new URL('../fixtures/tiny-bundle', import.meta.url).pathname;

export interface CliOptions {
  readonly stdin?: string | Readable;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  readonly isTTY?: boolean;
}

/** Runs the command line in this process and gives what it printed. */
export async function cli(args: readonly string[], options: CliOptions = {}) {
  const printed = { stdout: '', stderr: '' };
  const { stdin = '' } = options;
  const terminal: Terminal = {
    stdin: typeof stdin === 'string' ? Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]) : stdin,
    stdout: {
      write: (text) => {
        printed.stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        printed.stderr += text;
      },
      isTTY: options.isTTY ?? false,
    },
    cwd: options.cwd ?? process.cwd(),
    signal: options.signal ?? new AbortController().signal,
  };
  const exitCode = await runCli(args, commands, terminal);
  return { exitCode, ...printed };
}
