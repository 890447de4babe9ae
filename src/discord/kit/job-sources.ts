import type { APIEmbed, APIEmbedField } from 'discord.js';
import type { Job, StoredPicture } from '../../domain/job.js';
import type { PictureSource } from '../../domain/picture.js';
import type { Translate } from '../../i18n/index.js';
import { safeText } from './safe-text.js';

/** Discord's own bounds, on one field and on all texts of an embed together. */
const MAX_FIELD_CHARS = 1024;
const MAX_EMBED_CHARS = 6000;
/** Room for the number of lines that were left out. */
const MORE_CHARS = 10;

/**
 * Which pictures of the memory a finished job's pictures lean on, and whom to thank for them; pictures that lean on the
 * same share a field. Undefined when none leans on any.
 */
export function sourcesEmbed(job: Job, t: Translate): APIEmbed | undefined {
  const groups = groupsOf(job.pictures);
  if (groups.every(({ sources }) => sources.length === 0)) {
    return undefined;
  }
  const title = t('info.sources', { job: job.id });
  const names = groups.map(({ numbers }) => t('select.picture', { index: numbers.join(', ') }));
  // Each field gets the same share. A line has 300 characters at most, so one fits even where there are 16 fields.
  const left = MAX_EMBED_CHARS - names.reduce((sum, name) => sum + name.length, title.length);
  const maxChars = Math.min(MAX_FIELD_CHARS, Math.floor(left / groups.length));
  const fields: APIEmbedField[] = groups.map(({ sources }, i) => ({
    name: names[i] ?? '',
    value: fitting(sources.map(sourceLine), maxChars) || '—',
  }));
  return { title, fields };
}

interface Group {
  readonly sources: readonly PictureSource[];
  /** 1 is the first picture, as under the buttons. */
  readonly numbers: number[];
}

function groupsOf(pictures: readonly StoredPicture[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const [index, { condition }] of pictures.entries()) {
    const sources = condition?.sources ?? [];
    const key = JSON.stringify(sources);
    const group = groups.get(key) ?? { sources, numbers: [] };
    group.numbers.push(index + 1);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function sourceLine({ name, set, author, licence }: PictureSource): string {
  const parts = [`**${safeText(name, 80) || '—'}**`, safeText(set, 60), safeText(author, 100), safeText(licence, 40)];
  return parts.filter((part) => part !== '').join(' · ');
}

/** As many whole lines as fit, and how many more there are. */
function fitting(lines: readonly string[], maxChars: number): string {
  let text = '';
  for (const [index, line] of lines.entries()) {
    const longer = index === 0 ? line : `${text}\n${line}`;
    const isLast = index === lines.length - 1;
    if (longer.length > maxChars - (isLast ? 0 : MORE_CHARS)) {
      return `${text}\n… +${lines.length - index}`;
    }
    text = longer;
  }
  return text;
}
