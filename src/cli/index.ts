#!/usr/bin/env node
/** The `tessera` command: finds the subcommand, turns errors into one line and an exit code. */
import { ConfigError } from '../config.js';
import { AbortedError, InputError } from '../errors.js';
import { EXIT, type Terminal } from './command.js';
import { commands } from './commands.js';
import { overview, version } from './overview.js';

/** After Ctrl+C, how long a clean end may take before the process goes anyway, in milliseconds. */
const PATIENCE_MS = 3_000;

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') {
    terminal.stdout.write(`${version()}\n`);
    return EXIT.done;
  }
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const topic = commands.find((command) => command.name === rest[0]);
    const isAsked = name !== undefined;
    (isAsked ? terminal.stdout : terminal.stderr).write(`${topic?.help ?? overview(commands)}\n`);
    return isAsked ? EXIT.done : EXIT.badInput;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined)
    throw new InputError(`There is no command ${JSON.stringify(name.slice(0, 60))}. See tessera --help.`);
  const flags = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : rest.length);
  if (flags.includes('--help') || flags.includes('-h')) {
    terminal.stdout.write(`${command.help}\n`);
    return EXIT.done;
  }
  return command.run(rest, terminal);
}

function exitCodeOf(error: unknown, isInterrupted: boolean): number {
  if (isInterrupted && error instanceof AbortedError) return EXIT.interrupted;
  return error instanceof InputError || error instanceof ConfigError ? EXIT.badInput : EXIT.failure;
}

const interrupt = new AbortController();
const onInterrupt = () => {
  // The second time, or when the work does not stop: the person at the keyboard wins.
  if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
  interrupt.abort(new AbortedError());
  setTimeout(() => process.exit(EXIT.interrupted), PATIENCE_MS).unref();
};
const isService = process.argv[2] === 'start' || process.argv[2] === 'worker';
// The services have an orderly shutdown of their own.
if (!isService) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onInterrupt);
// `tessera … | head` closes our output early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failure),
);

const terminal: Terminal = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  signal: interrupt.signal,
};
try {
  process.exitCode = await main(process.argv.slice(2), terminal);
} catch (error) {
  process.exitCode = exitCodeOf(error, interrupt.signal.aborted);
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`tessera: ${message.replace(/\s*\n\s*/g, ' ')}\n`);
}
// An open standard input (a 3 MB prompt that was refused) must not keep the process.
process.stdin.destroy();
