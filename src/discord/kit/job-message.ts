import type { APIEmbed, AttachmentPayload, MessageMentionOptions } from 'discord.js';
import type { Job } from '../../domain/job.js';
import { type Translate, translator } from '../../i18n/index.js';
import type { PaintProgress, RenderedPicture } from '../../painter/painter.js';
import type { QueuePlace } from '../../queue/queue.js';
import { cancelControl, jobControls, pictureControls, type Row } from './rows.js';
import { safeText, shorten, visibleText } from './safe-text.js';

/** Everything a message consists of: an edit with it leaves nothing of what was there before. */
export interface JobMessage {
  readonly content: string;
  readonly embeds: APIEmbed[];
  readonly components: Row[];
  readonly files: AttachmentPayload[];
  /** Attachments that stay; always none. */
  readonly attachments: never[];
  readonly allowedMentions: MessageMentionOptions;
}

const EMBED_COLOUR = 0x5b8def;
const BAR_CELLS = 12;
/** Discord's own bound on an attachment's description. */
const MAX_ALT_CHARS = 1024;
/** Parts of a prompt that are named where they were not understood: enough to see what to say differently. */
const MAX_UNKNOWN_PARTS = 5;
const MAX_UNKNOWN_CHARS = 60;

export function textMessage(content: string, components: Row[] = []): JobMessage {
  return { content, embeds: [], components, files: [], attachments: [], allowedMentions: { parse: [] } };
}

/** Place and ETA; the clock in it is drawn by Discord itself, so it needs no edits to stay right. */
export function waitingMessage(job: Job, place: QueuePlace, nowMs: number): JobMessage {
  const t = translator(job.origin.locale);
  const when = `<t:${Math.ceil((nowMs + place.etaMs) / 1000)}:R>`;
  const line = t('job.waiting', { position: place.position, total: place.waitingCount, when });
  return textMessage(`${line}\n${promptLine(job, t)}`, cancelControl(job.id, t));
}

/** Progress bar and, when there is one, the half-painted picture. */
export function paintingMessage(job: Job, progress: PaintProgress | undefined): JobMessage {
  const t = translator(job.origin.locale);
  const fraction = Math.min(1, Math.max(0, progress?.fraction ?? 0));
  const filled = Math.floor(fraction * BAR_CELLS);
  const bar = '▰'.repeat(filled) + '▱'.repeat(BAR_CELLS - filled);
  const message = textMessage(
    `${t('job.painting', { bar, percent: Math.floor(fraction * 100) })}\n${promptLine(job, t)}`,
    cancelControl(job.id, t),
  );
  if (progress?.preview === undefined) {
    return message;
  }
  return { ...message, files: [file(progress.preview, 'preview.png', t('alt.preview'))] };
}

/**
 * The pictures with everything known about them and all controls.
 * @param maxPictures that may be asked for at once in this place
 */
export function finishedMessage(job: Job, picture: RenderedPicture, t: Translate, maxPictures: number): JobMessage {
  const name = `tessera-${job.id}.png`;
  const alt = t('alt.pictures', { count: job.pictures.length, prompt: visibleText(job.prompt) || '—' });
  return {
    ...textMessage('', jobControls(job, t, maxPictures)),
    // Not as the embed's image: Discord shows an attachment larger, with its alt text, and it can be used again.
    embeds: [jobEmbed(job, t)],
    files: [file(picture.png, name, alt)],
  };
}

/** One picture with its own seed and its own controls. */
export function pictureMessage(job: Job, index: number, picture: RenderedPicture, t: Translate): JobMessage {
  const seed = job.pictures[index]?.seed ?? job.seed;
  const title = t('upscale.title', { index: index + 1, size: picture.widthPx, seed, job: job.id });
  const prompt = job.prompt === '' ? '' : `**${safeText(job.prompt)}**\n`;
  return {
    ...textMessage('', pictureControls(job.id, index)),
    embeds: [{ description: `${prompt}${title}` }],
    files: [pictureFile(job, index, picture, t)],
  };
}

/** A job's pictures as a file each. */
export function separateMessage(job: Job, pictures: readonly RenderedPicture[], t: Translate): JobMessage {
  const files = pictures.map((picture, index) => pictureFile(job, index, picture, t));
  return { ...textMessage(`${t('field.job')} \`${job.id}\``), files };
}

function pictureFile(job: Job, index: number, picture: RenderedPicture, t: Translate): AttachmentPayload {
  const alt = t('alt.picture', { index: index + 1, prompt: visibleText(job.prompt) || '—' });
  return file(picture.png, `tessera-${job.id}-${index + 1}.png`, alt);
}

/** A file with its alt text; the name is ours, never a member's. */
function file(bytes: Uint8Array, name: string, alt: string): AttachmentPayload {
  return {
    attachment: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    name,
    description: shorten(alt, MAX_ALT_CHARS),
  };
}

export function failedText(job: Job, t: Translate): string {
  return t('job.failed', { code: job.errorCode ?? 'unknown', job: job.id });
}

/** What a job was made from: its prompt, a picture of another job, or an upload. */
function promptLine(job: Job, t: Translate): string {
  const prompt = job.prompt === '' ? '' : `**${safeText(job.prompt)}**`;
  if (job.source.kind === 'variation') {
    const strength = t(`strength.${job.source.strength}`);
    const from = t('job.variation', { strength, index: job.source.parentIndex + 1, job: job.parentJobId ?? '—' });
    return prompt === '' ? from : `${prompt}\n${from}`;
  }
  return prompt === '' ? t('job.upload') : prompt;
}

/** Tells whoever typed a prompt which parts of it were not understood; empty where there are none. */
function unknownWordsLine(job: Job, t: Translate): string {
  const parts = job.source.kind === 'prompt' ? job.unknownWords.map((part) => safeText(part, MAX_UNKNOWN_CHARS)) : [];
  const visible = parts.filter((part) => part !== '');
  if (visible.length === 0) {
    return '';
  }
  const words = visible.slice(0, MAX_UNKNOWN_PARTS).join(' · ');
  return `\n${t('job.unknownWords', { words: visible.length > MAX_UNKNOWN_PARTS ? `${words} …` : words })}`;
}

function jobEmbed(job: Job, t: Translate): APIEmbed {
  const fits = job.pictures.map((picture) => picture.fit.toFixed(2)).join(' · ');
  const fields = [
    { name: t('field.seed'), value: `\`${job.seed}\`` },
    { name: t('field.fit'), value: fits || '—' },
    { name: t('field.time'), value: job.paintMs === null ? '—' : `${(job.paintMs / 1000).toFixed(1)} s` },
    ...(job.style === null ? [] : [{ name: t('field.style'), value: safeText(job.style, 100) }]),
    { name: t('field.job'), value: `\`${job.id}\`` },
    { name: t('field.asked'), value: `<@${job.origin.userId}>` },
  ];
  return {
    color: EMBED_COLOUR,
    description: promptLine(job, t) + unknownWordsLine(job, t),
    fields: fields.map((field) => ({ ...field, inline: true })),
  };
}
