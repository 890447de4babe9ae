import { z } from 'zod';
import {
  MAX_ALLOWED_CHANNELS,
  MAX_BLOCKED_WORDS,
  MAX_ROLE_TIERS,
  MAX_WORD_CHARS,
  SETTING_RANGES,
} from '../domain/bounds.js';
import { expected } from '../domain/errors.js';
import type { GuildSettings, RoleTier } from '../domain/settings.js';

const snowflake = z.string().regex(/^\d{1,20}$/);
const whole = ({ min, max }: Range) => z.int().min(min).max(max);
const waiting = whole(SETTING_RANGES.maxWaitingPerMember);
const perHour = whole(SETTING_RANGES.jobsPerHour);
const perDay = whole(SETTING_RANGES.jobsPerDay);
const cooldown = whole(SETTING_RANGES.cooldownSeconds);
const pictures = whole(SETTING_RANGES.maxPicturesPerPrompt);
const weight = z.number().min(SETTING_RANGES.weight.min).max(SETTING_RANGES.weight.max);

interface Range {
  readonly min: number;
  readonly max: number;
}

const roleTier = z.strictObject({
  roleId: snowflake,
  maxWaitingPerMember: waiting.exactOptional(),
  jobsPerHour: perHour.exactOptional(),
  jobsPerDay: perDay.exactOptional(),
  cooldownSeconds: cooldown.exactOptional(),
  maxPicturesPerPrompt: pictures.exactOptional(),
  weight: weight.exactOptional(),
}) satisfies z.ZodType<RoleTier>;

/** The values each setting may have, with the words for saying so. Order is the order in which they are shown. */
const settings: { readonly [K in keyof GuildSettings]: { schema: z.ZodType<GuildSettings[K]>; what: string } } = {
  maxWaitingPerMember: { schema: waiting, what: `a whole number ${rangeOf('maxWaitingPerMember')}` },
  jobsPerHour: { schema: perHour, what: `a whole number ${rangeOf('jobsPerHour')}, 0 for no limit` },
  jobsPerDay: { schema: perDay, what: `a whole number ${rangeOf('jobsPerDay')}, 0 for no limit` },
  cooldownSeconds: { schema: cooldown, what: `a whole number of seconds ${rangeOf('cooldownSeconds')}` },
  maxPicturesPerPrompt: { schema: pictures, what: `a whole number ${rangeOf('maxPicturesPerPrompt')}` },
  queueShare: { schema: weight, what: `a number ${rangeOf('weight')}` },
  roleTiers: { schema: z.array(roleTier).max(MAX_ROLE_TIERS), what: `at most ${MAX_ROLE_TIERS} role tiers` },
  allowedChannelIds: {
    schema: z.array(snowflake).max(MAX_ALLOWED_CHANNELS).nullable(),
    what: `at most ${MAX_ALLOWED_CHANNELS} channel ids, or null`,
  },
  buttons: { schema: z.enum(['anyone', 'requester']), what: '"anyone" or "requester"' },
  blockedWords: {
    // One more character than a word: `-` stands before one that is allowed.
    schema: z
      .array(
        z
          .string()
          .trim()
          .min(1)
          .max(MAX_WORD_CHARS + 1),
      )
      .max(MAX_BLOCKED_WORDS),
    what: `at most ${MAX_BLOCKED_WORDS} words of 1 to ${MAX_WORD_CHARS} characters`,
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
  if (!isSettingName(setting)) {
    throw expected(`one of ${settingNames.join(', ')}`, 'the setting', setting);
  }
  const result = settings[setting].schema.safeParse(value);
  if (!result.success) {
    throw expected(settings[setting].what, setting, value);
  }
  return result.data;
}

function rangeOf(setting: keyof typeof SETTING_RANGES): string {
  const { min, max } = SETTING_RANGES[setting];
  return `from ${min} to ${max}`;
}
