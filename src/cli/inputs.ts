/** What people hand in: prompts and pictures, with bounds before anything is read whole. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { charCount, MAX_PROMPT_CHARS } from '../domain/bounds.js';
import { expected, InputError } from '../domain/errors.js';
import type { Terminal } from './command.js';

/** 1,000 characters are 4,000 bytes at most; the rest is room for white space around them. */
const MAX_STDIN_BYTES = 16 * 1024;
const MAX_PICTURE_BYTES = 32 * 1024 * 1024;

/**
 * The prompt as given, or from standard input for `-`. Reads no more than needed to know that it is too long.
 * @throws InputError when it is empty or longer than 1,000 characters.
 */
export async function readPrompt(argument: string, terminal: Terminal): Promise<string> {
  const prompt = (argument === '-' ? await readBounded(terminal.stdin) : argument).trim();
  if (prompt === '') {
    throw new InputError('Expected words for the prompt but it is empty.');
  }
  const length = charCount(prompt);
  if (length > MAX_PROMPT_CHARS) {
    throw tooLong(`${length}`);
  }
  return prompt;
}

function tooLong(received: string): InputError {
  return new InputError(
    `Expected at most ${MAX_PROMPT_CHARS.toLocaleString('en')} characters for the prompt but received ${received}.`,
  );
}

async function readBounded(stdin: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > MAX_STDIN_BYTES) {
      throw tooLong(`more than ${MAX_STDIN_BYTES.toLocaleString('en')} bytes`);
    }
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The bytes of a picture file; whether they are a picture is for the pipeline to say.
 * @throws InputError when the file is missing, no file, not readable, empty or larger than 32 MiB.
 */
export async function readPictureFile(path: string, cwd: string): Promise<Uint8Array> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(resolve(cwd, path), 'r');
  } catch (error) {
    throw new InputError(`Expected a readable picture but ${path} cannot be opened (${errorCode(error)}).`, {
      cause: error,
    });
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) {
      throw expected('a picture file', 'the picture', path);
    }
    if (stats.size > MAX_PICTURE_BYTES) {
      throw new InputError(
        `Expected a picture of at most 32 MiB but ${path} has ${Math.ceil(stats.size / 2 ** 20)} MiB.`,
      );
    }
    if (stats.size === 0) {
      throw new InputError(`Expected a picture but ${path} is empty.`);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The system's short name of what went wrong, such as ENOENT. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}
