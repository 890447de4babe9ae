/** What a server's moderators decide. */

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

/** What a server has until its moderators say otherwise. */
export const DEFAULT_SETTINGS: GuildSettings = {
  maxWaitingPerMember: 5,
  jobsPerHour: 60,
  jobsPerDay: 300,
  cooldownSeconds: 0,
  maxPicturesPerPrompt: 8,
  queueShare: 1,
  roleTiers: [],
  allowedChannelIds: null,
  buttons: 'anyone',
  blockedWords: [],
  paused: false,
};
