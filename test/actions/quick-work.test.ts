import { beforeEach, describe, expect, it } from 'vitest';
import type { Ask } from '../../src/actions/ask.js';
import { QuickWork } from '../../src/actions/quick-work.js';
import { exampleSettings } from '../domain/examples.js';

let now = 0;
let quick: QuickWork;
beforeEach(() => {
  now = 1_000_000;
  quick = new QuickWork(() => now);
});

const by = (userId: string, change: Parameters<typeof exampleSettings>[0] = {}) =>
  ({ asker: { guildId: '1', userId, roleIds: [] }, settings: exampleSettings(change) }) as unknown as Ask;

/** Work that ends when it is told to. */
function held() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end: () => end(), work: () => ended };
}

describe('QuickWork', () => {
  it('does one thing at a time for a member, and members in turns', async () => {
    const order: string[] = [];
    const first = held();
    const greedy = [quick.run({ userId: 'a' }, first.work)];
    for (let i = 0; i < 60; i += 1) {
      greedy.push(quick.run({ userId: 'a' }, async () => void order.push('a')));
    }
    // Sixty of one member wait, and another is served at once.
    await quick.run({ userId: 'b' }, async () => void order.push('b'));
    expect(order).toEqual(['b']);
    const second = held();
    const busy = quick.run({ userId: 'c' }, second.work);
    const waiting = ['d', 'e'].map((userId) => quick.run({ userId }, async () => void order.push(userId)));
    first.end();
    await Promise.all(waiting);
    // One of the greedy member's had its turn between the two others at most.
    expect(order.filter((userId) => userId === 'a').length).toBeLessThanOrEqual(3);
    second.end();
    await Promise.all([...greedy, busy]);
    expect(order.filter((userId) => userId === 'a')).toHaveLength(60);
  });

  it('goes on after work that fails', async () => {
    await expect(quick.run({ userId: 'a' }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await quick.run({ userId: 'a' }, async () => 7)).toBe(7);
  });

  it('lets in four for each job of the hour, and more when the hour is over', () => {
    const ask = by('a', { jobsPerHour: 1 });
    for (let i = 0; i < 4; i += 1) {
      quick.admit(ask);
    }
    expect(() => quick.admit(ask)).toThrow(expect.objectContaining({ code: 'refused' }));
    quick.admit(by('b', { jobsPerHour: 1 }));
    now += 3_600_001;
    quick.admit(ask);
    for (let i = 0; i < 100; i += 1) {
      quick.admit(by('c', { jobsPerHour: 0 }));
    }
  });

  it('lets nobody in while the server is paused, or who has too much waiting', async () => {
    expect(() => quick.admit(by('a', { paused: true }))).toThrow(expect.objectContaining({ code: 'refused' }));
    const first = held();
    const running = [quick.run({ userId: 'a' }, first.work), quick.run({ userId: 'a' }, async () => {})];
    expect(() => quick.admit(by('a', { maxWaitingPerMember: 1 }))).toThrow(
      expect.objectContaining({ code: 'refused' }),
    );
    first.end();
    await Promise.all(running);
    quick.admit(by('a', { maxWaitingPerMember: 1 }));
  });
});
