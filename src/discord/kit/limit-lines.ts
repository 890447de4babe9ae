import type { EffectiveLimits } from '../../domain/limits.js';
import type { GuildSettings, RoleTier } from '../../domain/settings.js';
import type { Translate } from '../../i18n/index.js';

/** The limits of one member, a line each. */
export function limitLines(limits: EffectiveLimits, t: Translate): string[] {
  return [
    `${t('limit.maxWaitingPerMember')}: **${limits.maxWaitingPerMember}**`,
    `${t('limit.jobsPerHour')}: **${limits.jobsPerHour || t('limit.none')}**`,
    `${t('limit.jobsPerDay')}: **${limits.jobsPerDay || t('limit.none')}**`,
    `${t('limit.cooldownSeconds')}: **${limits.cooldownSeconds || t('limit.none')}**`,
    `${t('limit.maxPicturesPerPrompt')}: **${limits.maxPicturesPerPrompt}**`,
    `${t('limit.weight')}: **${limits.weight}**`,
  ];
}

/** A setting's value in words; a long list is cut. */
export function settingValue(setting: keyof GuildSettings, value: unknown, t: Translate): string {
  if (setting === 'allowedChannelIds') {
    if (!Array.isArray(value)) {
      return t('limit.everywhere');
    }
    return listed(value.map((id) => `<#${id}>`));
  }
  if (setting === 'roleTiers') {
    return listed(Array.isArray(value) ? value.map((tier) => tierLine(tier, t)) : []);
  }
  if (setting === 'blockedWords') {
    return listed(Array.isArray(value) ? value.map((word) => `||${String(word).replace(/[|`*_~<>@]/g, '')}||`) : []);
  }
  if (setting === 'buttons') {
    return value === 'requester' ? t('limit.requester') : t('limit.anyone');
  }
  if (setting === 'paused') {
    return value === true ? t('limit.yes') : t('limit.no');
  }
  const mayBeUnlimited = setting === 'jobsPerHour' || setting === 'jobsPerDay' || setting === 'cooldownSeconds';
  return mayBeUnlimited && value === 0 ? t('limit.none') : String(value);
}

const MAX_LISTED = 15;

function listed(items: readonly string[]): string {
  if (items.length === 0) {
    return '—';
  }
  const rest = items.length - MAX_LISTED;
  return items.slice(0, MAX_LISTED).join(' ') + (rest > 0 ? ` +${rest}` : '');
}

function tierLine(tier: RoleTier, t: Translate): string {
  const { roleId, ...values } = tier;
  const parts = Object.entries(values).map(([name, value]) => `${t(`limit.${name as keyof typeof values}`)} ${value}`);
  return `<@&${roleId}> (${parts.join(', ')})`;
}
