#!/usr/bin/env node
/** The `tessera` command: the process around `runCli`. */
import { AbortedError } from '../domain/errors.js';
import { EXIT } from './command.js';
import { commands } from './commands.js';
import { runCli } from './run.js';

/** After Ctrl+C, how long a clean end may take before the process goes anyway, in milliseconds. */
const PATIENCE_MS = 3_000;
/** These have an orderly shutdown of their own. */
const SERVICES = ['start', 'worker'];

const args = process.argv.slice(2);
const interrupt = new AbortController();
const onInterrupt = () => {
  // The second time, or when the work does not stop, the person at the keyboard wins.
  if (interrupt.signal.aborted) {
    process.exit(EXIT.interrupted);
  }
  interrupt.abort(new AbortedError());
  setTimeout(() => process.exit(EXIT.interrupted), PATIENCE_MS).unref();
};
if (!SERVICES.includes(args[0] ?? '')) {
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
}
// `tessera … | head` closes our output early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failure),
);

process.exitCode = await runCli(args, commands, {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  signal: interrupt.signal,
});
// Standard input that is still open (a 3 MB prompt that was refused) must not keep the process.
process.stdin.destroy();
