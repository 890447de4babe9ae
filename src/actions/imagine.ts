import { charCount, DEFAULT_PICTURES, MAX_PICTURES, MAX_PROMPT_CHARS, MAX_SEED } from '../domain/bounds.js';
import type { ActionParts, Ask, JobAsk } from './ask.js';
import { assertMayPress } from './find-job.js';
import { LocalError } from './local-error.js';
import { plainWord } from './plain-word.js';
import { allowedCount, inherited, randomSeed, type Stored, storeJob } from './store-job.js';

/** Edges that are offered, in pixels. */
export const SIZES_PX = [64, 128, 256, 512] as const;

/** As a member typed it; null is what was left out. */
export interface Imagined {
  readonly prompt: string;
  readonly style: string | null;
  readonly count: number | null;
  readonly seed: number | null;
  readonly sizePx: number | null;
}

/** Pictures from words. @throws LocalError that says which word or number cannot be used, or why not now */
export async function imagine(parts: ActionParts, ask: Ask, typed: Imagined): Promise<Stored> {
  return storeJob(parts, ask, {
    source: { kind: 'prompt' },
    embedding: null,
    parentJobId: null,
    prompt: checkPrompt(typed.prompt),
    style: typed.style === null ? null : await checkStyle(parts, typed.style),
    count: checkCount(ask, typed.count),
    seed: checkSeed(typed.seed),
    sizePx: checkSize(typed.sizePx),
    sampling: {},
  });
}

/** The same job from other words. @throws LocalError */
export async function repaint(
  parts: ActionParts,
  ask: JobAsk,
  typed: { readonly prompt: string; readonly seed: number | null },
): Promise<Stored> {
  assertMayPress(ask);
  return storeJob(parts, ask, {
    ...inherited(ask.job),
    source: { kind: 'prompt' },
    embedding: null,
    prompt: checkPrompt(typed.prompt),
    count: allowedCount(ask, ask.job.count),
    seed: checkSeed(typed.seed),
  });
}

/** Discord checks the bounds in its clients; what arrives is checked again. @throws LocalError */
export function checkCount(ask: Ask, typed: number | null): number {
  const count = typed ?? allowedCount(ask, DEFAULT_PICTURES);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_PICTURES) {
    return count;
  }
  throw new LocalError('bad_count', (t) => t('guard.pictures', { max: MAX_PICTURES }));
}

/** A new seed where none was typed. @throws LocalError */
export function checkSeed(typed: number | null): number {
  const seed = typed ?? randomSeed();
  if (Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED) {
    return seed;
  }
  throw new LocalError('bad_seed', (t) => t('error.badSeed'));
}

function checkPrompt(typed: string): string {
  const prompt = typed.trim();
  if (prompt === '') {
    throw new LocalError('empty_prompt', (t) => t('error.emptyPrompt'));
  }
  if (charCount(prompt) <= MAX_PROMPT_CHARS) {
    return prompt;
  }
  throw new LocalError('long_prompt', (t) => t('error.longPrompt', { max: MAX_PROMPT_CHARS }));
}

function checkSize(typed: number | null): number | null {
  if (typed === null || SIZES_PX.some((px) => px === typed)) {
    return typed;
  }
  throw new LocalError('bad_size', (t) => t('error.malformed'));
}

async function checkStyle({ painter }: ActionParts, typed: string): Promise<string | null> {
  const wanted = typed.trim();
  if (wanted === '') {
    return null;
  }
  const { styles } = await painter.summary();
  const style = styles.find((known) => known.toLowerCase() === wanted.toLowerCase());
  if (style !== undefined) {
    return style;
  }
  throw new LocalError('unknown_style', (t) =>
    t('error.unknownStyle', { style: plainWord(wanted), styles: styles.join(', ') || '—' }),
  );
}
