/** Structured logs as JSON lines on standard error; standard output is for results. */
import { type DestinationStream, destination, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

const REDACTED = '[redacted]';
/** Fields that hold secrets, at the top and one or two levels down (as in logged requests and options). */
const SECRET_FIELDS = ['token', 'discordToken', 'redisUrl', 'authorization', 'Authorization', 'interactionToken'];
/** What members typed: only for whoever asked for debug logs. */
const PRIVATE_FIELDS = ['prompt'];

/** Bot tokens, interaction webhook tokens and passwords in addresses, wherever they stand in a text. */
const SECRET_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}\b/g, REDACTED],
  [/(\/webhooks\/\d+\/|\/interactions\/\d+\/)[\w-]+/g, `$1${REDACTED}`],
  [/(\w+:\/\/[^\s:/@]*:)[^\s@/]+@/g, `$1${REDACTED}@`],
];

/** Removes whatever looks like a secret from a text that is about to be shown or logged. */
export function redact(text: string): string {
  return SECRET_PATTERNS.reduce((cleaned, [pattern, replacement]) => cleaned.replace(pattern, replacement), text);
}

/** A logger that never writes tokens, and no prompts above the debug level. */
export function createLogger(
  level: LevelWithSilent,
  stream: DestinationStream = destination({ fd: 2, sync: true }),
): Logger {
  const isVerbose = level === 'debug' || level === 'trace';
  const fields = isVerbose ? SECRET_FIELDS : [...SECRET_FIELDS, ...PRIVATE_FIELDS];
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: fields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: REDACTED },
      serializers: { err: loggedError },
      // The finished line: an error's message or stack may carry a token in an address.
      hooks: { streamWrite: redact },
    },
    stream,
  );
}

/** Causes behind causes that are followed. */
const MAX_CAUSES = 4;

/**
 * What is logged of an error. Libraries hang whole requests on theirs (discord.js: the message with its prompt and files;
 * ioredis: the command with its password), so only fields that are known to be harmless go through.
 */
function loggedError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) {
    return typeof error === 'object' ? { message: 'something that is no error was thrown' } : error;
  }
  const { name, message, stack, cause } = error;
  const { code, status, method } = error as { code?: unknown; status?: unknown; method?: unknown };
  const plain = Object.fromEntries(
    Object.entries({ code, status, method }).filter(([, value]) => /^(string|number)$/.test(typeof value)),
  );
  const behind = cause === undefined || depth >= MAX_CAUSES ? {} : { cause: loggedError(cause, depth + 1) };
  return { type: name, message, ...plain, stack, ...behind };
}
