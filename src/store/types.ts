/** What is kept, and how it is asked for. SQLite implements this; another database may take its place. */

import type { PictureCondition, SamplingSettings, VariationStrength } from '../pipeline/types.js';

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
  /** Id (`name@version`) of the bundle that the embedding and tokens belong to; null until painted. */
  readonly bundle: string | null;
  /** Unit-norm CLIP embedding (float32). Set at creation for rerolls and variations, at completion for prompts. */
  readonly embedding: Float32Array | null;
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

export interface JobRepository {
  /** Stores a waiting job. The same `origin.interactionId` a second time returns the first job: a repeated delivery does nothing twice. */
  insert(job: NewJob): { readonly job: Job; readonly isNew: boolean };
  get(id: string): Job | undefined;
  getByInteraction(interactionId: string): Job | undefined;
  getByMessage(channelId: string, messageId: string): Job | undefined;
  setMessage(id: string, messageId: string): void;
  markActive(id: string): void;
  /** Back to waiting, keeping its place in time; `attempts` grows when `countAttempt`. */
  requeue(id: string, options: { readonly countAttempt: boolean }): void;
  complete(
    id: string,
    result: {
      readonly bundle: string;
      readonly embedding: Float32Array;
      readonly pictures: readonly StoredPicture[];
      readonly paintMs: number;
      /** The settings that were really used; they replace the job's partial ones. */
      readonly sampling?: SamplingSettings;
      /** Default: none. */
      readonly unknownWords?: readonly string[];
    },
  ): void;
  fail(id: string, errorCode: string): void;
  cancel(id: string): boolean;
  markDeleted(id: string): void;
  /** The job's end (pictures, failure) was shown to its member: a restart owes nothing. */
  markDelivered(id: string): void;
  /** Completed or failed jobs, newest first, whose end was never shown: the bot died in between, and answers after its restart. */
  undelivered(limit: number): readonly Job[];
  /** Waiting and active jobs, oldest first: what a restart takes up again. */
  unfinished(): readonly Job[];
  /** Jobs a member created in a server since a time, cancelled ones left out. */
  countSince(guildId: string | null, userId: string, sinceMs: number): number;
  lastCreatedAt(guildId: string | null, userId: string): number | null;
  /** Newest painting durations, for the ETA. */
  recentPaintMs(limit: number): readonly number[];
  counts(): Readonly<Record<JobStatus, number>>;
  /**
   * Removes ended jobs that ended more than `olderThanMs` ago, oldest first, at most 1,000 a call; returns how many.
   * Kept jobs and parents of unfinished ones stay. Nothing calls this by itself: by default every job is kept forever.
   */
  prune(olderThanMs: number): number;
}

/** Jobs that a member kept (⭐). */
export interface KeepRepository {
  add(jobId: string, userId: string, index: number | null): boolean;
  remove(jobId: string, userId: string): boolean;
  count(jobId: string): number;
  list(
    userId: string,
    limit: number,
  ): readonly { readonly jobId: string; readonly index: number | null; readonly keptAt: number }[];
}

export interface RoleTier {
  readonly roleId: string;
  readonly maxWaitingPerMember?: number;
  readonly jobsPerHour?: number;
  readonly jobsPerDay?: number;
  readonly cooldownSeconds?: number;
  readonly maxPicturesPerPrompt?: number;
  /** Weight in fair queueing; 1 is normal. */
  readonly weight?: number;
}

/** What a server's moderators set with /limits. 0 means "no limit" for the rates; null lists mean "everywhere". */
export interface GuildSettings {
  readonly maxWaitingPerMember: number;
  readonly jobsPerHour: number;
  readonly jobsPerDay: number;
  readonly cooldownSeconds: number;
  readonly maxPicturesPerPrompt: number;
  /** Weight of the whole server in fair queueing; 1 is normal. */
  readonly queueShare: number;
  readonly roleTiers: readonly RoleTier[];
  readonly allowedChannelIds: readonly string[] | null;
  readonly buttons: 'anyone' | 'requester';
  readonly blockedWords: readonly string[];
  readonly paused: boolean;
}

export interface SettingsChange {
  readonly guildId: string;
  readonly userId: string;
  readonly at: number;
  readonly setting: keyof GuildSettings;
  readonly oldValue: unknown;
  readonly newValue: unknown;
}

export interface SettingsRepository {
  /** Defaults where nothing was set. */
  get(guildId: string): GuildSettings;
  /** Writes the value and its audit row in one transaction. */
  set<K extends keyof GuildSettings>(
    guildId: string,
    userId: string,
    setting: K,
    value: GuildSettings[K],
  ): SettingsChange;
  reset(guildId: string, userId: string): readonly SettingsChange[];
  history(guildId: string, limit: number): readonly SettingsChange[];
}

export interface Store {
  readonly jobs: JobRepository;
  readonly keeps: KeepRepository;
  readonly settings: SettingsRepository;
  close(): void;
}
