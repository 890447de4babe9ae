/** A job: what one member asked for, from the asking to the pictures. */
import type { Embedding } from './embedding.js';
import type { PictureCondition, VariationStrength } from './picture.js';
import type { SamplingSettings } from './sampling.js';

export type JobStatus = 'waiting' | 'active' | 'completed' | 'failed' | 'cancelled';

/** Where a job came from and where its answer goes. */
export interface JobOrigin {
  /** null in a direct message. */
  readonly guildId: string | null;
  readonly channelId: string;
  readonly userId: string;
  /** Member's Discord locale, such as `de` or `pt-BR`. */
  readonly locale: string;
  readonly interactionId: string;
  /** Valid for 15 minutes after `createdAt`; afterwards the answer goes to the channel by the bot token. Null for reactions. */
  readonly interactionToken: string | null;
  readonly applicationId: string;
}

/** What a job paints from. Never a picture's bytes: an upload is turned into its embedding before the job is stored. */
export type JobSource =
  | { readonly kind: 'prompt' }
  | { readonly kind: 'embedding' }
  | { readonly kind: 'variation'; readonly parentIndex: number; readonly strength: VariationStrength };

export interface StoredPicture {
  readonly seed: number;
  readonly fit: number;
  readonly imageTokens: Uint16Array;
  /** What this very picture was painted from; absent where that was the job's embedding alone, as it always was once. */
  readonly condition?: PictureCondition;
}

export interface Job {
  /** 12 characters of Crockford base32, unguessable; part of custom ids. */
  readonly id: string;
  readonly status: JobStatus;
  readonly origin: JobOrigin;
  readonly source: JobSource;
  /** The job whose button or reaction made this one. */
  readonly parentJobId: string | null;
  /** As typed; empty for a variation of an upload. */
  readonly prompt: string;
  readonly style: string | null;
  readonly count: number;
  readonly seed: number;
  /** Edge in pixels of each picture in the reply; null: the bundle's own. */
  readonly sizePx: number | null;
  readonly sampling: Partial<SamplingSettings>;
  /** Id (`name@version`) of the bundle that painted it, which its tokens belong to; null until painted. */
  readonly bundle: string | null;
  /** Set at creation for rerolls and variations, at completion for prompts. */
  readonly embedding: Embedding | null;
  readonly pictures: readonly StoredPicture[];
  /** Parts of the prompt that were not understood, as typed; empty until painted and where nothing was read. */
  readonly unknownWords: readonly string[];
  /** Message that shows the job, once there is one. */
  readonly messageId: string | null;
  readonly attempts: number;
  /** A stable code of ours, never a stack trace. */
  readonly errorCode: string | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Time spent painting, for the reply and the ETA. */
  readonly paintMs: number | null;
  readonly deletedAt: number | null;
}

export type NewJob = Pick<
  Job,
  'origin' | 'source' | 'parentJobId' | 'prompt' | 'style' | 'count' | 'seed' | 'sizePx' | 'sampling' | 'embedding'
>;
