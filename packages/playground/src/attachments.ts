import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { imageSize } from './image-size.js';
import type { Attachment } from './world-types.js';

/** How long a signed address works; Discord's are valid for about a day. */
const ADDRESS_LIFETIME_MS = 24 * 60 * 60 * 1000;

/**
 * How long a file can still be fetched after its message let go of it. Discord's CDN keeps it for a while too, and a page
 * that was just about to load a picture when the message was edited must not run into an error.
 */
const RETIRED_LIFETIME_MS = 60_000;

/** Bytes kept in all; past it the oldest files are forgotten, so that a playground can stay open for weeks. */
const KEPT_BYTES = 512 * 1024 * 1024;

export interface UploadedFile {
  readonly filename: string;
  readonly bytes: Uint8Array;
  readonly contentType?: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  txt: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** Files of messages and upload options, served under signed addresses that expire like those of Discord's CDN. */
export class AttachmentStore {
  readonly #files = new Map<string, Attachment>();
  /** Files that no message shows any more, oldest first, and since when. */
  readonly #retired = new Map<Attachment, number>();
  readonly #key = randomBytes(32);
  readonly #now: () => number;
  readonly #newId: () => string;
  #bytes = 0;
  /** Where the files are served, such as `http://127.0.0.1:3000/cdn`. */
  baseUrl = '';

  constructor(now: () => number, newId: () => string) {
    this.#now = now;
    this.#newId = newId;
  }

  add(file: UploadedFile, channelId: string, options: { description?: string | null; ephemeral?: boolean } = {}) {
    const size = imageSize(file.bytes);
    const filename = file.filename.replace(/[^\w.-]+/g, '_').slice(0, 255) || 'file';
    const attachment: Attachment = {
      id: this.#newId(),
      channelId,
      filename,
      description: options.description ?? null,
      contentType: contentType(file.contentType, filename),
      bytes: file.bytes,
      widthPx: size?.widthPx ?? null,
      heightPx: size?.heightPx ?? null,
      ephemeral: options.ephemeral ?? false,
    };
    this.#files.set(attachment.id, attachment);
    this.#bytes += file.bytes.byteLength;
    this.#dropRetired();
    for (const oldest of this.#files.values()) {
      if (this.#bytes <= KEPT_BYTES) {
        break;
      }
      this.#drop(oldest);
    }
    return attachment;
  }

  /** Its message is gone or shows something else now: it can be fetched for one more minute. */
  retire(attachment: Attachment): void {
    this.#retired.set(attachment, this.#now());
    this.#dropRetired();
  }

  #dropRetired(): void {
    for (const [attachment, since] of this.#retired) {
      if (this.#now() - since < RETIRED_LIFETIME_MS) {
        break;
      }
      this.#drop(attachment);
    }
  }

  #drop(attachment: Attachment): void {
    this.#retired.delete(attachment);
    if (this.#files.delete(attachment.id)) {
      this.#bytes -= attachment.bytes.byteLength;
    }
  }

  url(attachment: Attachment): string {
    const folder = attachment.ephemeral ? 'ephemeral-attachments' : 'attachments';
    const path = `/${folder}/${attachment.channelId}/${attachment.id}/${attachment.filename}`;
    // Whole hours, so that an unchanged message keeps its address and a page need not load the picture anew.
    const expires = Math.ceil(this.#now() / 3_600_000) * 3600 + ADDRESS_LIFETIME_MS / 1000;
    const ex = expires.toString(16);
    return `${this.baseUrl}${path}?ex=${ex}&hm=${this.#sign(attachment.id, ex)}`;
  }

  /** The file behind an address, or undefined when it is gone, forged or expired. */
  find(id: string, query: URLSearchParams): Attachment | undefined {
    this.#dropRetired();
    const attachment = this.#files.get(id);
    const ex = query.get('ex') ?? '';
    const given = Buffer.from(query.get('hm') ?? '');
    const wanted = Buffer.from(this.#sign(id, ex));
    if (!attachment || given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      return undefined;
    }
    return Number.parseInt(ex, 16) * 1000 > this.#now() ? attachment : undefined;
  }

  #sign(id: string, ex: string): string {
    return createHmac('sha256', this.#key).update(`${id}.${ex}`).digest('hex');
  }
}

function contentType(given: string | undefined, filename: string): string {
  const byName = CONTENT_TYPES[filename.split('.').pop()?.toLowerCase() ?? ''];
  return byName ?? (given && given !== '' ? given : 'application/octet-stream');
}
