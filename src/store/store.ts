/** How what is kept is asked for. SQLite implements this; another database may take its place. */

import type { Embedding } from '../domain/embedding.js';
import type { Job, JobStatus, NewJob, StoredPicture } from '../domain/job.js';
import type { SamplingSettings } from '../domain/sampling.js';
import type { GuildSettings, SettingsChange } from '../domain/settings.js';

/** Jobs made while the clock was wrong and ran ahead do not count. */
export interface Usage {
  /** Of the newest job of the last day, cancelled ones too. */
  readonly lastCreatedAt: number | null;
  /** Jobs of the last hour and day, cancelled ones left out. */
  readonly lastHour: number;
  readonly lastDay: number;
}

/** Each change gives the stored row back as it is afterwards, and throws where the job is in no state for it. */
export interface JobRepository {
  /** Stores a waiting job. The same `origin.interactionId` a second time returns the first job: a repeated delivery does nothing twice. */
  insert(job: NewJob): { readonly job: Job; readonly isNew: boolean };
  get(id: string): Job | undefined;
  getByInteraction(interactionId: string): Job | undefined;
  getByMessage(channelId: string, messageId: string): Job | undefined;
  setMessage(id: string, messageId: string): void;
  markActive(id: string): Job;
  /** Back to waiting, keeping its place in time; `attempts` grows when `countAttempt`. */
  requeue(id: string, options: { readonly countAttempt: boolean }): Job;
  complete(
    id: string,
    result: {
      /** With the bundle that painted. */
      readonly embedding: Embedding;
      readonly pictures: readonly StoredPicture[];
      readonly paintMs: number;
      /** The settings that were really used; they replace the job's partial ones. */
      readonly sampling?: SamplingSettings;
      /** Default: none. */
      readonly unknownWords?: readonly string[];
    },
  ): Job;
  fail(id: string, errorCode: string): Job;
  /** Undefined when it had ended already. */
  cancel(id: string): Job | undefined;
  markDeleted(id: string): void;
  /** The job's end (pictures, failure) was shown to its member, in this message: a restart owes nothing. */
  markDelivered(id: string, messageId?: string | null): void;
  /** Ids of completed or failed jobs, newest first, whose end was never shown: it stays owed. */
  undelivered(): readonly string[];
  /** Waiting and active jobs, oldest first: what a restart takes up again. */
  unfinished(): readonly Job[];
  /** What a member asked for in a server lately. */
  usage(guildId: string | null, userId: string, now: number): Usage;
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
  /** Whether it takes writes now: another process may hold its lock, the disk may be full. */
  isWritable(): boolean;
  close(): void;
}
