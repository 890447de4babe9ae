/** The only reader of the environment: everything that can be set from outside, checked once at start. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import dotenv from 'dotenv';
import { z } from 'zod';
import { EXECUTION_PROVIDERS, type ExecutionProvider } from './domain/execution-provider.js';

type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface Config {
  /** Absent: the playground runs instead of the live bot. */
  readonly discordToken: string | null;
  /** Without a version suffix: discord.js adds it. */
  readonly discordApiUrl: string;
  /** Commands are registered in this server only; null: everywhere. */
  readonly discordGuildId: string | null;
  /** Absolute, or `:memory:`. */
  readonly databasePath: string;
  /** Present: the queue lives in Redis and remote workers paint. */
  readonly redisUrl: string | null;
  /** Absolute folder of the bundle. */
  readonly modelBundle: string;
  readonly executionProvider: ExecutionProvider;
  /** Painting processes on this machine. */
  readonly workers: number;
  /** Threads of one painting process for its matrix products. */
  readonly threadsPerWorker: number;
  /** 0: a free port is picked and logged. */
  readonly httpPort: number;
  readonly logLevel: LogLevel;
}

/** An environment variable is wrong; the message names it, what was expected and, unless it is a secret, what came. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad_config';
}

interface Variable {
  readonly schema: z.ZodType;
  readonly expected: string;
  readonly isSecret?: boolean;
}

const integer = (min: number, max: number): Variable => ({
  schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int().min(min).max(max)),
  expected: `a whole number from ${min} to ${max}`,
});
const url = (protocols: readonly string[], expected: string, isSecret = false): Variable => ({
  schema: z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol)),
  expected,
  isSecret,
});
const oneOf = (values: readonly [string, ...string[]]): Variable => ({
  schema: z.enum(values),
  expected: `one of ${values.join(', ')}`,
});
const path: Variable = { schema: z.string().regex(/^[^\0]+$/), expected: 'a path' };

const VARIABLES = {
  DISCORD_TOKEN: { schema: z.string().regex(/^[\w.+/=-]+$/), expected: 'a bot token without spaces', isSecret: true },
  DISCORD_API_URL: url(['http:', 'https:'], 'an http(s) address such as https://discord.com/api'),
  DISCORD_GUILD_ID: { schema: z.string().regex(/^\d{1,20}$/), expected: 'a server id (digits only)' },
  DATABASE_PATH: path,
  REDIS_URL: url(['redis:', 'rediss:'], 'an address such as redis://127.0.0.1:6379', true),
  MODEL_BUNDLE: path,
  EXECUTION_PROVIDER: oneOf(EXECUTION_PROVIDERS),
  WORKERS: integer(1, 64),
  THREADS_PER_WORKER: integer(1, 256),
  HTTP_PORT: integer(0, 65_535),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
} as const satisfies Record<string, Variable>;

type Name = keyof typeof VARIABLES;

export interface ConfigOptions {
  /** Default: `.env` in the working folder, overridden by the process's own environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here; default: the working folder. */
  readonly cwd?: string;
}

/**
 * Reads and checks the whole configuration.
 * @throws ConfigError that lists every wrong variable.
 */
export function loadConfig(options: ConfigOptions = {}): Config {
  const cwd = options.cwd ?? process.cwd();
  const env = options.env ?? { ...readDotenv(cwd), ...process.env };
  const problems: string[] = [];
  const read = <T>(name: Name, fallback: T): T => {
    // An empty value means "not set": that is what a copied .env.example holds.
    const value = env[name]?.trim();
    if (value === undefined || value === '') {
      return fallback;
    }
    const variable: Variable = VARIABLES[name];
    const parsed = variable.schema.safeParse(value);
    if (parsed.success) {
      return parsed.data as T;
    }
    const received = variable.isSecret ? 'something else (not shown: it is a secret)' : shown(value);
    problems.push(`Expected ${variable.expected} for ${name} but received ${received}.`);
    return fallback;
  };

  const workers = read<number>('WORKERS', 1);
  const databasePath = read<string>('DATABASE_PATH', 'data/tessera.sqlite');
  const config: Config = {
    discordToken: read<string | null>('DISCORD_TOKEN', null),
    discordApiUrl: read('DISCORD_API_URL', 'https://discord.com/api').replace(/\/+$/, ''),
    discordGuildId: read<string | null>('DISCORD_GUILD_ID', null),
    databasePath: databasePath === ':memory:' ? databasePath : resolve(cwd, databasePath),
    redisUrl: read<string | null>('REDIS_URL', null),
    modelBundle: resolveBundle(read('MODEL_BUNDLE', 'models/emoji'), cwd),
    executionProvider: read<ExecutionProvider>('EXECUTION_PROVIDER', 'cpu'),
    workers,
    threadsPerWorker: read('THREADS_PER_WORKER', Math.max(1, Math.floor(availableParallelism() / workers))),
    httpPort: read('HTTP_PORT', 8080),
    logLevel: read<LogLevel>('LOG_LEVEL', 'info'),
  };
  if (problems.length > 0) {
    throw new ConfigError(problems.join(' '));
  }
  return config;
}

/** A relative bundle folder is looked for in the working folder, then in the package, so that `npx tessera` works anywhere. */
export function resolveBundle(folder: string, cwd: string = process.cwd()): string {
  if (isAbsolute(folder)) {
    return folder;
  }
  const here = resolve(cwd, folder);
  return existsSync(here) ? here : join(packageRoot(), folder);
}

/** Folder of our own package.json, from the sources and from the compiled files alike. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error('The package.json of tessera is missing.');
    }
    folder = parent;
  }
  return folder;
}

function readDotenv(cwd: string): Record<string, string> {
  const file = join(cwd, '.env');
  if (!existsSync(file)) {
    return {};
  }
  try {
    const values = dotenv.parse(decodeText(readFileSync(file)));
    requireKnownNames(Object.keys(values), file);
    return values;
  } catch (error) {
    if (error instanceof ConfigError) {
      throw error;
    }
    throw new ConfigError(`The file ${file} cannot be read.`, { cause: error });
  }
}

/** PowerShell writes UTF-16 with a mark at the start. @throws ConfigError for bytes that are no text */
function decodeText(bytes: Buffer): string {
  const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE(0);
  if (mark === 0xfffe || mark === 0xfeff) {
    return new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be').decode(bytes);
  }
  if (bytes.includes(0)) {
    throw new ConfigError('Expected text for .env, in UTF-8 or UTF-16, but received other bytes.');
  }
  return bytes.toString('utf8');
}

/** A name that is almost one of ours is a slip of the pen, and would silently change nothing. @throws ConfigError */
function requireKnownNames(names: readonly string[], file: string): void {
  const ours = Object.keys(VARIABLES);
  for (const name of names) {
    const near = ours.find((known) => known !== name && !ours.includes(name) && editDistance(known, name) <= 2);
    if (near !== undefined) {
      throw new ConfigError(`Expected ${near} in ${file} but received ${name}.`);
    }
  }
}

/** Letters that have to be put in, taken out or changed. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const change = (row[j] ?? 0) + Number(b[j] !== letter);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function shown(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** Everything in our environment but the secrets. */
export function environmentWithoutSecrets(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const secret = Object.entries<Variable>(VARIABLES).flatMap(([name, { isSecret }]) => (isSecret ? [name] : []));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secret.includes(name)));
}
