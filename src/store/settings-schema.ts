import { z } from 'zod';
import { expected } from '../domain/errors.js';
import type { GuildSettings, RoleTier } from '../domain/settings.js';

const snowflake = z.string().regex(/^\d{1,20}$/);
const waiting = z.int().min(1).max(1000);
const rate = z.int().min(0).max(100_000);
const cooldown = z.int().min(0).max(86_400);
const pictures = z.int().min(1).max(16);
const weight = z.number().min(0.01).max(100);

const roleTier = z.strictObject({
  roleId: snowflake,
  maxWaitingPerMember: waiting.exactOptional(),
  jobsPerHour: rate.exactOptional(),
  jobsPerDay: rate.exactOptional(),
  cooldownSeconds: cooldown.exactOptional(),
  maxPicturesPerPrompt: pictures.exactOptional(),
  weight: weight.exactOptional(),
}) satisfies z.ZodType<RoleTier>;

/** What a server has until its moderators say otherwise. */
export const defaultSettings: GuildSettings = {
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

/** The values each setting may have, with the words for saying so. Order is the order in which they are shown. */
const settings: { readonly [K in keyof GuildSettings]: { schema: z.ZodType<GuildSettings[K]>; what: string } } = {
  maxWaitingPerMember: { schema: waiting, what: 'a whole number from 1 to 1000' },
  jobsPerHour: { schema: rate, what: 'a whole number from 0 (no limit) to 100000' },
  jobsPerDay: { schema: rate, what: 'a whole number from 0 (no limit) to 100000' },
  cooldownSeconds: { schema: cooldown, what: 'a whole number of seconds from 0 to 86400' },
  maxPicturesPerPrompt: { schema: pictures, what: 'a whole number from 1 to 16' },
  queueShare: { schema: weight, what: 'a number from 0.01 to 100' },
  roleTiers: { schema: z.array(roleTier).max(25), what: 'at most 25 role tiers' },
  allowedChannelIds: { schema: z.array(snowflake).max(500).nullable(), what: 'at most 500 channel ids, or null' },
  buttons: { schema: z.enum(['anyone', 'requester']), what: '"anyone" or "requester"' },
  blockedWords: {
    schema: z.array(z.string().trim().min(1).max(100)).max(1000),
    what: 'at most 1000 words of 1 to 100 characters',
  },
  paused: { schema: z.boolean(), what: 'true or false' },
};

export const settingNames = Object.keys(settings) as readonly (keyof GuildSettings)[];

export function isSettingName(name: string): name is keyof GuildSettings {
  return Object.hasOwn(settings, name);
}

/**
 * The value as it will be stored.
 * @throws InputError that says what the setting takes and what came.
 */
export function checkedSetting<K extends keyof GuildSettings>(setting: K, value: unknown): GuildSettings[K] {
  if (!isSettingName(setting)) throw expected(`one of ${settingNames.join(', ')}`, 'the setting', setting);
  const result = settings[setting].schema.safeParse(value);
  if (!result.success) throw expected(settings[setting].what, setting, value);
  return result.data;
}
