import { LocalError } from '../../actions/local-error.js';

/** Larger uploads are refused before they are fetched. */
export const MAX_UPLOAD_BYTES = 10 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
const DISCORD_HOSTS: ReadonlySet<string> = new Set(['cdn.discordapp.com', 'media.discordapp.net']);

/**
 * Makes the function that fetches uploads. It goes to Discord's file hosts alone, or, against a local stand-in for
 * Discord, to that machine: an address in a request must not make the bot knock at somebody's door.
 * @param apiUrl of the Discord that the bot talks to
 */
export function createDownloader(
  apiUrl: string,
): (attachment: { readonly url: string; readonly size: number }) => Promise<Uint8Array> {
  const api = new URL(apiUrl);
  const isLocal = api.hostname === '127.0.0.1' || api.hostname === 'localhost' || api.hostname === '[::1]';
  const isAllowed = (url: URL) =>
    (url.protocol === 'https:' && url.port === '' && DISCORD_HOSTS.has(url.hostname)) ||
    (isLocal && url.origin === api.origin);

  return async ({ url, size }) => {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed === undefined || !isAllowed(parsed)) {
      throw failed();
    }
    if (size > MAX_UPLOAD_BYTES) {
      throw tooLarge();
    }
    try {
      const response = await fetch(parsed, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok || response.body === null) {
        throw failed();
      }
      return await readBounded(response.body);
    } catch (error) {
      throw error instanceof LocalError ? error : failed(error);
    }
  };
}

/** The announced size is the sender's word; what counts is what arrives. */
async function readBounded(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_UPLOAD_BYTES) {
      throw tooLarge();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): LocalError {
  return new LocalError('upload_too_large', (t) =>
    t('error.uploadTooLarge', { limit: Math.floor(MAX_UPLOAD_BYTES / 1024 / 1024) }),
  );
}

function failed(cause?: unknown): LocalError {
  return new LocalError('download_failed', (t) => t('error.downloadFailed'), { cause });
}
