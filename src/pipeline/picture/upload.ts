/** Pictures that members upload: bytes from strangers, checked before anything decodes them. */

import { MAX_UPLOAD_BYTES, MAX_UPLOAD_PIXELS } from '../../domain/bounds.js';
import { expected, InputError } from '../../domain/errors.js';
import { decodeContained, type RgbaPicture, readHeader } from './png.js';

const DECODE_TIMEOUT_SECONDS = 10;

/**
 * A progressive JPEG is decoded once a scan, over all its pixels: a file of a megabyte can hold a thousand. Encoders write
 * about ten.
 */
const MAX_JPEG_SCANS = 64;

/** File signatures; a name or a content type says nothing. */
const SIGNATURES: readonly { readonly format: string; readonly matches: (bytes: Uint8Array) => boolean }[] = [
  { format: 'png', matches: (bytes) => startsWith(bytes, 0, '\x89PNG\r\n\x1a\n') },
  { format: 'jpeg', matches: (bytes) => startsWith(bytes, 0, '\xff\xd8\xff') },
  { format: 'webp', matches: (bytes) => startsWith(bytes, 0, 'RIFF') && startsWith(bytes, 8, 'WEBP') },
  { format: 'gif', matches: (bytes) => startsWith(bytes, 0, 'GIF87a') || startsWith(bytes, 0, 'GIF89a') },
];

/**
 * An uploaded picture, whole, in a square of `edgePx`, transparent around it: first frame, upright, sRGB.
 *
 * The bytes are bounded (25 MiB), the format is told from its signature (PNG, JPEG, WebP or GIF), and the pixels that
 * the header declares are bounded (40 million), as are the scans of a JPEG, before any is decoded.
 *
 * @throws InputError saying which of these it failed, or that it cannot be decoded.
 */
export async function decodeUpload(bytes: Uint8Array, edgePx: number): Promise<RgbaPicture> {
  if (!(bytes instanceof Uint8Array)) {
    throw expected('bytes', 'the picture', bytes);
  }
  if (bytes.length > MAX_UPLOAD_BYTES) {
    throw new InputError(
      `The picture has ${megabytes(bytes.length)} MB; at most ${megabytes(MAX_UPLOAD_BYTES)} MB are accepted.`,
    );
  }
  const format = SIGNATURES.find(({ matches }) => matches(bytes))?.format;
  if (format === undefined) {
    throw new InputError('Expected a PNG, JPEG, WebP or GIF picture.');
  }

  const header = await readHeader(bytes).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (format === 'jpeg' && jpegScans(bytes) > MAX_JPEG_SCANS) {
    throw new InputError(
      `The picture is stored in more than ${MAX_JPEG_SCANS} scans; save it anew as an ordinary JPEG.`,
    );
  }
  // libvips looks for itself what a file is: bytes that are two things at once go no further.
  if (header.format !== format) {
    throw unreadable(undefined);
  }
  if (header.width * header.height > MAX_UPLOAD_PIXELS) {
    throw new InputError(
      `The picture has ${header.width}×${header.height} pixels; at most ${MAX_UPLOAD_PIXELS / 1e6} million are accepted.`,
    );
  }
  return decodeContained(bytes, edgePx, {
    maxPixels: MAX_UPLOAD_PIXELS,
    timeoutSeconds: DECODE_TIMEOUT_SECONDS,
  }).catch((cause: unknown) => {
    throw unreadable(cause);
  });
}

function unreadable(cause: unknown): InputError {
  return new InputError('The picture is damaged or cannot be read.', { cause });
}

function startsWith(bytes: Uint8Array, offset: number, signature: string): boolean {
  return (
    bytes.length >= offset + signature.length && [...signature].every((c, i) => bytes[offset + i] === c.charCodeAt(0))
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

/** Scans of a JPEG, by its markers alone; as many as there are before the file ends or makes no sense. */
export function jpegScans(bytes: Uint8Array): number {
  const SOS = 0xda;
  let scans = 0;
  for (let at = 2; at + 3 < bytes.length; ) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff || marker === 0xff) {
      at += 1;
      continue;
    }
    // Stuffed bytes, restarts and ends stand alone; whatever else begins a segment with its length.
    const isAlone = marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd9);
    scans += marker === SOS ? 1 : 0;
    at += isAlone ? 2 : 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
  }
  return scans;
}
