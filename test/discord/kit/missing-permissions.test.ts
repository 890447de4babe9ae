import { describe, expect, it } from 'vitest';
import { missingPermissions } from '../../../src/discord/kit/missing-permissions.js';

describe('missingPermissions', () => {
  const all = (1n << 10n) | (1n << 11n) | (1n << 14n) | (1n << 15n) | (1n << 38n);

  it('names what is missing', () => {
    expect(missingPermissions(all, 'channel')).toEqual([]);
    expect(missingPermissions(all & ~(1n << 15n), 'channel')).toEqual(['Attach Files']);
    expect(missingPermissions(0n, 'channel')).toEqual(['View Channel', 'Send Messages', 'Embed Links', 'Attach Files']);
  });

  it('asks for the thread permission in threads alone', () => {
    const inThread = all & ~(1n << 38n) & ~(1n << 11n);
    expect(missingPermissions(inThread, 'thread')).toEqual(['Send Messages in Threads']);
  });

  it('has nothing to ask for from an administrator or in direct messages', () => {
    expect(missingPermissions(1n << 3n, 'channel')).toEqual([]);
    expect(missingPermissions(null, 'channel')).toEqual([]);
  });
});
