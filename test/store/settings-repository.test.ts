import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../src/domain/errors.js';
import { DEFAULT_SETTINGS } from '../../src/domain/settings.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/store.js';

let store: Store;
let now = 1000;

beforeEach(() => {
  store = openStore({ path: ':memory:', clock: () => now });
});
afterEach(() => store.close());

describe('server settings', () => {
  it('are the defaults until somebody sets one, for that server alone', () => {
    expect(store.settings.get('1')).toEqual(DEFAULT_SETTINGS);
    const change = store.settings.set('1', '7', 'jobsPerHour', 0);
    expect(change).toEqual({ guildId: '1', userId: '7', at: 1000, setting: 'jobsPerHour', oldValue: 60, newValue: 0 });
    expect(store.settings.get('1')).toEqual({ ...DEFAULT_SETTINGS, jobsPerHour: 0 });
    expect(store.settings.get('2')).toEqual(DEFAULT_SETTINGS);
  });

  it('keep lists, null and nested values', () => {
    const roleTiers = [{ roleId: '55', weight: 2.5, jobsPerDay: 0 }];
    store.settings.set('1', '7', 'roleTiers', roleTiers);
    store.settings.set('1', '7', 'allowedChannelIds', ['8', '9']);
    store.settings.set('1', '7', 'allowedChannelIds', null);
    store.settings.set('1', '7', 'blockedWords', ['  spaced  ', 'ümlaut']);
    store.settings.set('1', '7', 'paused', true);
    expect(store.settings.get('1')).toMatchObject({
      roleTiers,
      allowedChannelIds: null,
      blockedWords: ['spaced', 'ümlaut'],
      paused: true,
    });
  });

  it.each([
    ['maxWaitingPerMember', 0],
    ['jobsPerHour', -1],
    ['jobsPerDay', 1.5],
    ['cooldownSeconds', Number.NaN],
    ['maxPicturesPerPrompt', 17],
    ['queueShare', 0],
    ['buttons', 'nobody'],
    ['paused', 'yes'],
    ['roleTiers', [{ roleId: 'everyone' }]],
    ['roleTiers', [{ roleId: '1', wieght: 2 }]],
    ['blockedWords', ['']],
    ['allowedChannelIds', 'all'],
    ['constructor', 1],
  ])('refuse %s = %j and audit nothing', (setting, value) => {
    expect(() => store.settings.set('1', '7', setting as 'paused', value as never)).toThrow(InputError);
    expect(store.settings.get('1')).toEqual(DEFAULT_SETTINGS);
    expect(store.settings.history('1', 10)).toEqual([]);
  });

  it('remember who changed what when, newest first, for each server apart', () => {
    store.settings.set('1', '7', 'cooldownSeconds', 5);
    now = 2000;
    store.settings.set('1', '8', 'cooldownSeconds', 9);
    store.settings.set('2', '8', 'paused', true);
    expect(store.settings.history('1', 10)).toEqual([
      { guildId: '1', userId: '8', at: 2000, setting: 'cooldownSeconds', oldValue: 5, newValue: 9 },
      { guildId: '1', userId: '7', at: 1000, setting: 'cooldownSeconds', oldValue: 0, newValue: 5 },
    ]);
    expect(store.settings.history('1', 1)).toHaveLength(1);
  });

  it('go back to the defaults, and the audit tells which ones were different', () => {
    store.settings.set('1', '7', 'paused', true);
    store.settings.set('1', '7', 'jobsPerDay', DEFAULT_SETTINGS.jobsPerDay);
    expect(store.settings.reset('1', '9')).toEqual([
      expect.objectContaining({ userId: '9', setting: 'paused', oldValue: true, newValue: false }),
    ]);
    expect(store.settings.get('1')).toEqual(DEFAULT_SETTINGS);
    expect(store.settings.history('1', 10)).toHaveLength(3);
    expect(store.settings.reset('1', '9')).toEqual([]);
  });
});
