import type { IncomingMessage } from 'node:http';
import type { UploadedFile } from '../attachments.js';
import { refuse } from '../discord-error.js';
import type { Files } from '../messages.js';

const NO_FILES: Files = new Map();

/** Reads a request to its end. @throws DiscordError 413/40005 past `limit` bytes */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    // Read on without keeping, so that the client gets the answer instead of a broken pipe.
    if (size <= limit) {
      chunks.push(chunk);
    }
  }
  if (size > limit) {
    throw refuse('entityTooLarge');
  }
  return Buffer.concat(chunks);
}

/**
 * JSON, or a multipart form with `payload_json` and `files[n]`.
 * @throws DiscordError 50109 for what cannot be read
 */
export async function parseRequest(raw: Buffer, contentType: string): Promise<{ body: unknown; files: Files }> {
  if (raw.byteLength === 0) {
    return { body: undefined, files: NO_FILES };
  }
  if (!contentType.startsWith('multipart/form-data')) {
    return { body: parseJson(raw.toString('utf8')), files: NO_FILES };
  }
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(raw), { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw refuse('invalidJson');
  }
  const files = new Map<string, UploadedFile>();
  let body: unknown = {};
  for (const [name, value] of form) {
    const key = /^files\[(\d{1,2})\]$/.exec(name)?.[1];
    if (name === 'payload_json' && typeof value === 'string') {
      body = parseJson(value);
    } else if (key !== undefined && typeof value !== 'string') {
      files.set(key, {
        filename: value.name,
        bytes: new Uint8Array(await value.arrayBuffer()),
        contentType: value.type,
      });
    } else {
      throw refuse('invalidJson');
    }
  }
  return { body, files };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse('invalidJson');
  }
}
