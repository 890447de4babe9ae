import { expect, it } from 'vitest';
import { RecentIds } from '../../src/discord/recent-ids.js';

it('knows the newest ids and forgets the oldest', () => {
  const ids = new RecentIds(3);
  expect(['a', 'b', 'c', 'a'].map((id) => ids.add(id))).toEqual([true, true, true, false]);
  expect(ids.add('d')).toBe(true);
  expect(ids.add('a')).toBe(true);
  expect(ids.add('c')).toBe(false);
});
