/** Flags of the command line → checked values. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { expected, InputError } from '../domain/errors.js';

export type FlagSpecs = NonNullable<ParseArgsConfig['options']>;
/** Flags that were given, as text. */
export type FlagValues<S extends FlagSpecs> = { [K in keyof S]?: S[K]['type'] extends 'boolean' ? boolean : string };

/**
 * Splits arguments into flags and positionals.
 * @throws InputError in one line for an unknown flag or a flag without its value.
 */
export function parseFlags<S extends FlagSpecs>(
  args: readonly string[],
  options: S,
): { values: FlagValues<S>; positionals: readonly string[] } {
  try {
    const parsed = parseArgs({
      args: joinNegativeNumbers(args, options),
      options,
      allowPositionals: true,
      strict: true,
    });
    return { values: parsed.values as FlagValues<S>, positionals: parsed.positionals };
  } catch (error) {
    // parseArgs explains over several sentences; the first one says what is wrong.
    const [first] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw new InputError(`${(first ?? '').replace(/\.$/, '')}. See --help.`, { cause: error });
  }
}

/** `--temperature -1` → `--temperature=-1`: parseArgs takes the number for a flag and says nothing helpful. */
function joinNegativeNumbers(args: readonly string[], options: FlagSpecs): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [arg = '', next] = [args[i], args[i + 1]];
    if (arg === '--') {
      return [...joined, ...args.slice(i)];
    }
    const takesValue = arg.startsWith('--') && options[arg.slice(2)]?.type === 'string';
    if (takesValue && next !== undefined && /^-\.?\d/.test(next)) {
      joined.push(`${arg}=${next}`);
      i++;
    } else {
      joined.push(arg);
    }
  }
  return joined;
}

interface Range {
  readonly min: number;
  readonly max: number;
  /** Whether `min` itself is refused. */
  readonly isMinExcluded?: boolean;
}

/** @throws InputError that names the flag, the range and what came. */
export function wholeNumber(text: string | undefined, flag: string, { min, max }: Range): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) {
    return value;
  }
  throw expected(`a whole number from ${min} to ${max}`, flag, text);
}

/** @throws InputError that names the flag, the range and what came. */
export function decimal(text: string | undefined, flag: string, range: Range): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const { min, max, isMinExcluded = false } = range;
  const value = /^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if ((isMinExcluded ? value > min : value >= min) && value <= max) {
    return value;
  }
  throw expected(
    isMinExcluded ? `a number above ${min} and up to ${max}` : `a number from ${min} to ${max}`,
    flag,
    text,
  );
}

/** The one positional argument of a command. */
export function onlyArgument(positionals: readonly string[], name: string): string {
  const [first, ...rest] = positionals;
  if (first === undefined) {
    throw new InputError(`Expected ${name}. See --help.`);
  }
  if (rest.length > 0) {
    throw new InputError(`Expected ${name} as one argument but received ${positionals.length}; put it in quotes.`);
  }
  return first;
}

/** @throws InputError when a command that takes no positional argument got one. */
export function noArguments(positionals: readonly string[]): void {
  const [first] = positionals;
  if (first !== undefined) {
    throw expected('no argument', 'this command', first);
  }
}
