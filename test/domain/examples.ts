import type { GuildSettings } from '../../src/domain/settings.js';

export function exampleSettings(change: Partial<GuildSettings> = {}): GuildSettings {
  return {
    maxWaitingPerMember: 5,
    jobsPerHour: 60,
    jobsPerDay: 300,
    cooldownSeconds: 0,
    maxPicturesPerPrompt: 4,
    queueShare: 1,
    roleTiers: [],
    allowedChannelIds: null,
    buttons: 'anyone',
    blockedWords: [],
    paused: false,
    ...change,
  };
}
