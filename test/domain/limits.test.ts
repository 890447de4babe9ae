import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveLimits } from '../../src/domain/limits.js';
import { exampleSettings } from './examples.js';

describe('effectiveLimits', () => {
  it('are the server’s where no role of the member has a tier', () => {
    const limits = effectiveLimits(exampleSettings({ roleTiers: [{ roleId: '1', jobsPerHour: 999 }] }), ['2']);
    expect(limits).toMatchObject({ jobsPerHour: 60, weight: 1 });
  });

  it('take the best tier for each limit apart', () => {
    const roleTiers = [
      { roleId: '1', jobsPerHour: 100, cooldownSeconds: 5, weight: 2 },
      { roleId: '2', jobsPerHour: 50, cooldownSeconds: 0, maxPicturesPerPrompt: 8 },
    ];
    expect(effectiveLimits(exampleSettings({ roleTiers, cooldownSeconds: 60 }), ['1', '2'])).toMatchObject({
      jobsPerHour: 100,
      cooldownSeconds: 0,
      maxPicturesPerPrompt: 8,
      weight: 2,
    });
  });

  it('count 0 as no limit, which beats every number', () => {
    const roleTiers = [
      { roleId: '1', jobsPerDay: 0 },
      { roleId: '2', jobsPerDay: 5000 },
    ];
    expect(effectiveLimits(exampleSettings({ roleTiers }), ['1', '2']).jobsPerDay).toBe(0);
    expect(effectiveLimits(exampleSettings({ roleTiers }), ['2', '1']).jobsPerDay).toBe(0);
  });

  it('can be stricter for a role than for everybody', () => {
    const roleTiers = [{ roleId: '1', maxWaitingPerMember: 1 }];
    expect(effectiveLimits(exampleSettings({ roleTiers }), ['1']).maxWaitingPerMember).toBe(1);
  });

  it('do not depend on the order of roles and tiers', () => {
    const tier = fc.record({
      roleId: fc.constantFrom('1', '2', '3'),
      jobsPerHour: fc.nat(5),
      weight: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(tier, { selector: (one) => one.roleId }), (roleTiers) => {
        const forwards = effectiveLimits(exampleSettings({ roleTiers }), ['1', '2', '3']);
        const backwards = effectiveLimits(exampleSettings({ roleTiers: [...roleTiers].reverse() }), ['3', '2', '1']);
        expect(forwards).toEqual(backwards);
      }),
    );
  });
});
