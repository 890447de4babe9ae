import type { Asker } from '../../src/domain/asker.js';
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

export function exampleAsker(change: Partial<Asker> = {}): Asker {
  return {
    guildId: '10',
    channelId: '20',
    parentChannelId: null,
    inThread: false,
    userId: '30',
    roleIds: [],
    isModerator: false,
    mayDelete: false,
    missingPermissions: [],
    locale: 'en-US',
    ...change,
  };
}
