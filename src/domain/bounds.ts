/** Every bound that more than one part keeps, once. Discord's own limits stand where they are met. */

/** A job paints at most this many pictures, so a picture's index is below it. */
export const MAX_PICTURES = 16;
/** Pictures where nobody says how many. */
export const DEFAULT_PICTURES = 4;
/** Of a prompt, in code points: so Discord counts, and so a reader would. */
export const MAX_PROMPT_CHARS = 1000;
/** Seeds are whole numbers from 0 up to this. */
export const MAX_SEED = 2 ** 32 - 1;
/** Pictures painted for one request, of which the best are kept. */
export const MAX_CANDIDATES = 128;
/** Edge of a rendered picture in pixels. */
export const RENDERED_PX = { min: 32, max: 1024 } as const;
/** Pixels of an uploaded picture, by what its header declares. */
export const MAX_UPLOAD_PIXELS = 40_000_000;
/** Bytes of an uploaded picture that the pipeline reads, whoever hands it over. */
export const MAX_UPLOAD_BYTES = 25 * 1024 * 1024;

/** What moderators may set, from and to. 0 means "no limit" for the rates and the cooldown. */
export const SETTING_RANGES = {
  maxWaitingPerMember: { min: 1, max: 1000 },
  jobsPerHour: { min: 0, max: 100_000 },
  jobsPerDay: { min: 0, max: 100_000 },
  cooldownSeconds: { min: 0, max: 86_400 },
  maxPicturesPerPrompt: { min: 1, max: MAX_PICTURES },
  /** A share of a server or the weight of a role; the only one that need not be whole. */
  weight: { min: 0.01, max: 100 },
} as const;
export const MAX_ROLE_TIERS = 25;
export const MAX_ALLOWED_CHANNELS = 100;
export const MAX_BLOCKED_WORDS = 200;
/** Of one blocked or allowed word. */
export const MAX_WORD_CHARS = 40;

/** Code points of a text. */
export function charCount(text: string): number {
  return [...text].length;
}
