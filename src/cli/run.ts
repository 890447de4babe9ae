/** Finds the subcommand, runs it, turns errors into one line and an exit code. */
import { ConfigError } from '../config.js';
import { AbortedError, InputError } from '../domain/errors.js';
import { type Command, EXIT, type Terminal } from './command.js';
import { overview, version } from './overview.js';

/** Never rejects: what goes wrong is one line on standard error and the exit code. */
export async function runCli(
  args: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
): Promise<number> {
  try {
    return await dispatch(args, commands, terminal);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    terminal.stderr.write(`tessera: ${message.replace(/\s*\n\s*/g, ' ')}\n`);
    return exitCodeOf(error, terminal.signal);
  }
}

async function dispatch(args: readonly string[], commands: readonly Command[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) {
    terminal.stderr.write(`${overview(commands)}\n`);
    return EXIT.badInput;
  }
  if (name === '--version' || name === '-v') {
    terminal.stdout.write(`${version()}\n`);
    return EXIT.done;
  }
  const find = (wanted: string): Command => {
    const command = commands.find((candidate) => candidate.name === wanted);
    if (command === undefined) {
      throw new InputError(`There is no command ${JSON.stringify(wanted.slice(0, 60))}. See tessera --help.`);
    }
    return command;
  };
  if (name === '--help' || name === '-h' || name === 'help') {
    const [topic] = rest;
    terminal.stdout.write(`${topic === undefined ? overview(commands) : find(topic).help}\n`);
    return EXIT.done;
  }
  const command = find(name);
  // What comes after `--` is a prompt, whatever it looks like.
  const flags = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (flags.includes('--help') || flags.includes('-h')) {
    terminal.stdout.write(`${command.help}\n`);
    return EXIT.done;
  }
  return command.run(rest, terminal);
}

function exitCodeOf(error: unknown, signal: AbortSignal): number {
  if (signal.aborted && error instanceof AbortedError) {
    return EXIT.interrupted;
  }
  return error instanceof InputError || error instanceof ConfigError ? EXIT.badInput : EXIT.failure;
}
