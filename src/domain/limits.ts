import type { GuildSettings, RoleTier } from './settings.js';

/** What holds for one member, after role tiers. For the rates and the cooldown 0 means "no limit". */
export interface EffectiveLimits {
  readonly maxWaitingPerMember: number;
  readonly jobsPerHour: number;
  readonly jobsPerDay: number;
  readonly cooldownSeconds: number;
  readonly maxPicturesPerPrompt: number;
  /** The member's weight in fair queueing. */
  readonly weight: number;
}

/**
 * The limits that apply to a member. For each limit, the best value among the tiers of the member's roles that set it
 * counts; where no tier sets it, the server's own value does.
 */
export function effectiveLimits(settings: GuildSettings, roleIds: readonly string[]): EffectiveLimits {
  const tiers = settings.roleTiers.filter((tier) => roleIds.includes(tier.roleId));
  const best = (name: Exclude<keyof RoleTier, 'roleId'>, own: number, isBetter: (a: number, b: number) => boolean) =>
    tiers
      .map((tier) => tier[name])
      .filter((value) => value !== undefined)
      .reduce<number | undefined>((a, b) => (a === undefined || isBetter(b, a) ? b : a), undefined) ?? own;
  return {
    maxWaitingPerMember: best('maxWaitingPerMember', settings.maxWaitingPerMember, isMore),
    jobsPerHour: best('jobsPerHour', settings.jobsPerHour, isMoreOrUnlimited),
    jobsPerDay: best('jobsPerDay', settings.jobsPerDay, isMoreOrUnlimited),
    cooldownSeconds: best('cooldownSeconds', settings.cooldownSeconds, (a, b) => a < b),
    maxPicturesPerPrompt: best('maxPicturesPerPrompt', settings.maxPicturesPerPrompt, isMore),
    weight: best('weight', 1, isMore),
  };
}

/** Pictures per prompt that somebody in the server may have: what is offered to everybody; the guards say who may. */
export function mostPicturesPerPrompt(settings: GuildSettings): number {
  return Math.max(settings.maxPicturesPerPrompt, ...settings.roleTiers.map((tier) => tier.maxPicturesPerPrompt ?? 0));
}

const isMore = (a: number, b: number) => a > b;
const isMoreOrUnlimited = (a: number, b: number) => b !== 0 && (a === 0 || a > b);
