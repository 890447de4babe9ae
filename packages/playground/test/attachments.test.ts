import { describe, expect, it } from 'vitest';
import { AttachmentStore } from '../src/attachments.js';

function storeAt(clock: { now: number }) {
  let id = 0;
  const store = new AttachmentStore(
    () => clock.now,
    () => `${++id}`,
  );
  store.baseUrl = 'http://127.0.0.1/cdn';
  const query = (attachment: ReturnType<typeof store.add>) => new URL(store.url(attachment)).searchParams;
  return { store, query };
}

describe('AttachmentStore', () => {
  it('serves a file for one more minute after its message let go of it', () => {
    const clock = { now: 1_000_000 };
    const { store, query } = storeAt(clock);
    const [gone, kept] = ['a.txt', 'b.txt'].map((filename) => store.add({ filename, bytes: Buffer.from('x') }, '7'));
    if (gone === undefined || kept === undefined) {
      throw new Error('two files were added');
    }
    store.retire(gone);
    clock.now += 59_000;
    expect(store.find(gone.id, query(gone))).toBe(gone);
    clock.now += 2_000;
    expect(store.find(gone.id, query(gone))).toBeUndefined();
    expect(store.find(kept.id, query(kept))).toBe(kept);
  });
});
