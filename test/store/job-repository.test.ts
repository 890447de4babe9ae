import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../src/domain/errors.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/store.js';
import { newJob } from './new-job.js';

const tokens = Uint16Array.of(0, 1, 511, 65_535);
const painted = {
  embedding: { vector: Float32Array.of(0.6, -0.8), bundle: 'emoji@1.0.0' },
  pictures: [
    { seed: 11, fit: 0.31, imageTokens: tokens },
    { seed: 2 ** 40, fit: -0.2, imageTokens: tokens.slice(1, 3) },
  ],
  paintMs: 812.5,
};

let store: Store;
let now = 1_795_000_000_000;

beforeEach(() => {
  store = openStore({ path: ':memory:', clock: () => now });
});
afterEach(() => store.close());

function paintedJob(changes: Parameters<typeof newJob>[0] = {}): string {
  const { id } = store.jobs.insert(newJob(changes)).job;
  store.jobs.markActive(id);
  store.jobs.complete(id, painted);
  return id;
}

describe('a new job', () => {
  it('comes back as it was given, waiting, with an id and a time', () => {
    const given = newJob({
      origin: { guildId: null, interactionToken: null },
      source: { kind: 'embedding' },
      style: '3d',
      seed: 2 ** 32 - 1,
      sizePx: 256,
      sampling: { temperature: 0.7, topK: 0 },
      embedding: { vector: Float32Array.of(1, 0, -1e-8), bundle: 'emoji@1.0.0' },
    });
    const { job, isNew } = store.jobs.insert(given);
    expect(isNew).toBe(true);
    expect(job).toEqual({
      ...given,
      id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{12}$/),
      status: 'waiting',
      bundle: null,
      pictures: [],
      unknownWords: [],
      messageId: null,
      attempts: 0,
      errorCode: null,
      createdAt: now,
      startedAt: null,
      finishedAt: null,
      paintMs: null,
      deletedAt: null,
    });
    expect(store.jobs.get(job.id)).toEqual(job);
  });

  it('is stored once for one interaction, however often it is delivered', () => {
    const given = newJob({ prompt: 'first' });
    const first = store.jobs.insert(given);
    const second = store.jobs.insert({ ...given, prompt: 'second' });
    expect(second).toEqual({ job: first.job, isNew: false });
    expect(store.jobs.getByInteraction(given.origin.interactionId)).toEqual(first.job);
    expect(store.jobs.counts().waiting).toBe(1);
  });

  it('is refused when its parent is not there', () => {
    expect(() => store.jobs.insert(newJob({ parentJobId: 'ZZZZZZZZZZZZ' }))).toThrow(InputError);
    expect(store.jobs.counts().waiting).toBe(0);
  });

  it('is refused with a seed, count or variation that cannot be', () => {
    for (const wrong of [{ seed: -1 }, { seed: 2 ** 32 }, { seed: 0.5 }, { count: 0 }, { count: 17 }]) {
      expect(() => store.jobs.insert(newJob(wrong)), JSON.stringify(wrong)).toThrow(/database refused/);
    }
    expect(store.jobs.counts().waiting).toBe(0);
  });

  it('keeps every prompt as typed; NUL and lone surrogates, which text cannot hold, become U+FFFD', () => {
    // UTF-16 units of any kind: every script, NUL, halves of pairs.
    const anyText = fc.array(fc.nat(0xffff), { maxLength: 100 }).map((units) => String.fromCharCode(...units));
    // UTF-8 and back, as the database keeps it.
    const kept = (text: string) => new TextDecoder().decode(new TextEncoder().encode(text)).replaceAll('\0', '\uFFFD');
    fc.assert(
      fc.property(anyText, fc.option(anyText), (prompt, style) => {
        const { job } = store.jobs.insert(newJob({ prompt: `p${prompt}`, style: style && `s${style}` }));
        expect(store.jobs.get(job.id)).toMatchObject({ prompt: kept(`p${prompt}`), style: style && kept(`s${style}`) });
      }),
      { numRuns: 100 },
    );
    const lone = store.jobs.insert(newJob({ prompt: 'a\ud800b\0c' })).job;
    expect(lone.prompt).toBe('a\uFFFDb\uFFFDc');
  });

  it('keeps every embedding and every token bit for bit', () => {
    const floats = fc.float32Array({ noNaN: true, minLength: 1, maxLength: 64 });
    const codes = fc.uint16Array({ minLength: 0, maxLength: 64 });
    fc.assert(
      fc.property(floats, codes, fc.string(), (vector, imageTokens, bundle) => {
        const embedding = { vector, bundle: bundle.replaceAll('\0', '') };
        const { id } = store.jobs.insert(newJob({ embedding })).job;
        expect(store.jobs.get(id)?.embedding).toEqual(embedding);
        store.jobs.markActive(id);
        store.jobs.complete(id, { ...painted, embedding, pictures: [{ seed: 1, fit: 0, imageTokens }] });
        expect(store.jobs.get(id)?.pictures[0]?.imageTokens).toEqual(imageTokens);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the life of a job', () => {
  it('waiting → active → completed, with everything a picture is painted again from', () => {
    const { id } = store.jobs.insert(newJob({ sampling: { topK: 5 } })).job;
    now += 1000;
    store.jobs.markActive(id);
    expect(store.jobs.get(id)).toMatchObject({ status: 'active', startedAt: now });
    now += 1000;
    const sampling = { temperature: 1, topK: 5, topP: 0.9, guidanceScale: 2, candidateCount: 8 };
    store.jobs.complete(id, { ...painted, sampling });
    expect(store.jobs.get(id)).toMatchObject({
      status: 'completed',
      finishedAt: now,
      bundle: 'emoji@1.0.0',
      embedding: painted.embedding,
      paintMs: painted.paintMs,
      pictures: painted.pictures,
      sampling,
    });
  });

  it('keeps what each picture was painted from, bit for bit, and the words that were not understood', () => {
    const text = fc.string({ unit: 'binary' });
    const condition = fc.record(
      {
        embedding: fc.float32Array({ noNaN: true, minLength: 1, maxLength: 16 }),
        guideTokens: fc.uint16Array({ maxLength: 16 }),
        guidePull: fc.double({ min: 0, max: 1000, noNaN: true }).map((pull) => pull + 0),
        sources: fc.array(fc.record({ name: text, set: text, author: text, licence: text }), { maxLength: 3 }),
      },
      { requiredKeys: ['embedding', 'sources'] },
    );
    const conditions = fc.array(fc.option(condition, { nil: undefined }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(conditions, fc.array(text, { maxLength: 3 }), (paintedFrom, unknownWords) => {
        const pictures = paintedFrom.map((from, seed) => {
          const picture = { seed, fit: 0, imageTokens: tokens };
          return from === undefined ? picture : { ...picture, condition: from };
        });
        const { id } = store.jobs.insert(newJob()).job;
        store.jobs.markActive(id);
        store.jobs.complete(id, { ...painted, pictures, unknownWords });
        const row = store.jobs.get(id);
        expect(row?.pictures).toEqual(pictures);
        expect(row?.pictures.map((picture) => 'condition' in picture)).toEqual(paintedFrom.map(Boolean));
        expect(row?.unknownWords).toEqual(unknownWords);
      }),
      { numRuns: 50 },
    );
  });

  it('goes back to waiting with or without counting the attempt', () => {
    const { id } = store.jobs.insert(newJob()).job;
    store.jobs.markActive(id);
    store.jobs.requeue(id, { countAttempt: true });
    expect(store.jobs.get(id)).toMatchObject({ status: 'waiting', attempts: 1, startedAt: null });
    store.jobs.markActive(id);
    store.jobs.requeue(id, { countAttempt: false });
    expect(store.jobs.get(id)).toMatchObject({ status: 'waiting', attempts: 1 });
  });

  it('never leaves an end, and a change that cannot be is an error', () => {
    const done = paintedJob();
    const { id: failed } = store.jobs.insert(newJob()).job;
    store.jobs.fail(failed, 'bad_bundle');
    expect(store.jobs.get(failed)).toMatchObject({ status: 'failed', errorCode: 'bad_bundle', finishedAt: now });
    const { id: cancelled } = store.jobs.insert(newJob()).job;
    expect(store.jobs.cancel(cancelled)).toMatchObject({ id: cancelled, status: 'cancelled' });
    for (const id of [done, failed, cancelled]) {
      const before = store.jobs.get(id);
      expect(store.jobs.cancel(id)).toBeUndefined();
      for (const change of [
        () => store.jobs.markActive(id),
        () => store.jobs.requeue(id, { countAttempt: true }),
        () => store.jobs.complete(id, painted),
        () => store.jobs.fail(id, 'x'),
      ]) {
        expect(change).toThrow(expect.objectContaining({ code: 'store_conflict' }));
      }
      expect(store.jobs.get(id)).toEqual(before);
    }
    expect(() => store.jobs.setMessage('ZZZZZZZZZZZZ', '1')).toThrow(InputError);
    expect(store.jobs.cancel('ZZZZZZZZZZZZ')).toBeUndefined();
  });

  it('completes as a whole or not at all', () => {
    const { id } = store.jobs.insert(newJob()).job;
    store.jobs.markActive(id);
    const broken = { seed: 0.5, fit: 0, imageTokens: tokens };
    expect(() => store.jobs.complete(id, { ...painted, pictures: [...painted.pictures, broken] })).toThrow();
    expect(store.jobs.get(id)).toMatchObject({ status: 'active', embedding: null, pictures: [] });
    store.jobs.complete(id, painted);
    expect(store.jobs.get(id)?.pictures).toHaveLength(2);
  });

  it('is found by its message, and remembers that it was shown or deleted', () => {
    const id = paintedJob();
    expect(store.jobs.undelivered()).toEqual([id]);
    store.jobs.setMessage(id, '900');
    expect(store.jobs.getByMessage('200', '900')?.id).toBe(id);
    expect(store.jobs.getByMessage('201', '900')).toBeUndefined();
    store.jobs.markDelivered(id);
    expect(store.jobs.getByMessage('200', '900')?.id).toBe(id);
    // Nobody needs the token any more.
    expect(store.jobs.get(id)?.origin.interactionToken).toBeNull();
    store.jobs.markDelivered(id, '901');
    expect(store.jobs.getByMessage('200', '901')?.id).toBe(id);
    expect(store.jobs.undelivered()).toEqual([]);
    store.jobs.markDeleted(id);
    const deletedAt = now;
    now += 5;
    store.jobs.markDeleted(id);
    expect(store.jobs.get(id)?.deletedAt).toBe(deletedAt);
  });

  it('owes no answer for what is unfinished, cancelled or deleted', () => {
    store.jobs.insert(newJob());
    store.jobs.cancel(store.jobs.insert(newJob()).job.id);
    store.jobs.markDeleted(paintedJob());
    const first = paintedJob();
    now += 10;
    const second = store.jobs.insert(newJob()).job.id;
    store.jobs.fail(second, 'x');
    expect(store.jobs.undelivered()).toEqual([second, first]);
  });
});

describe('asking for many', () => {
  it('lists unfinished jobs in the order of their arrival, even within one millisecond', () => {
    const ids = Array.from({ length: 20 }, () => store.jobs.insert(newJob()).job.id);
    store.jobs.markActive(ids[3] ?? '');
    store.jobs.cancel(ids[5] ?? '');
    expect(store.jobs.unfinished().map((job) => job.id)).toEqual(ids.filter((_, i) => i !== 5));
  });

  it('counts a member in one server and in direct messages apart', () => {
    const HOUR_MS = 3_600_000;
    store.jobs.insert(newJob());
    now += HOUR_MS + 2;
    store.jobs.insert(newJob());
    store.jobs.cancel(store.jobs.insert(newJob()).job.id);
    store.jobs.insert(newJob({ origin: { guildId: null } }));
    store.jobs.insert(newJob({ origin: { userId: '301' } }));
    expect(store.jobs.usage('100', '300', now)).toEqual({ lastCreatedAt: now, lastHour: 1, lastDay: 2 });
    expect(store.jobs.usage('100', '300', now + 24 * HOUR_MS)).toMatchObject({ lastHour: 0, lastDay: 1 });
    expect(store.jobs.usage(null, '300', now)).toMatchObject({ lastHour: 1, lastDay: 1 });
    expect(store.jobs.usage('999', '300', now)).toEqual({ lastCreatedAt: null, lastHour: 0, lastDay: 0 });
    // Made while the clock ran ahead: of no account until that time has come.
    expect(store.jobs.usage('100', '300', now - 1)).toEqual({
      lastCreatedAt: now - HOUR_MS - 2,
      lastHour: 0,
      lastDay: 1,
    });
    expect(store.jobs.counts()).toEqual({ waiting: 4, active: 0, completed: 0, failed: 0, cancelled: 1 });
  });

  it('gives the newest painting durations first', () => {
    for (const paintMs of [10, 20, 30]) {
      now += 1;
      const { id } = store.jobs.insert(newJob()).job;
      store.jobs.markActive(id);
      store.jobs.complete(id, { ...painted, paintMs });
    }
    expect(store.jobs.recentPaintMs(2)).toEqual([30, 20]);
  });
});

describe('prune', () => {
  it('removes old ended jobs with their pictures, and nothing else', () => {
    const kept = paintedJob();
    store.keeps.add(kept, '301', 0);
    const parent = paintedJob();
    const old = paintedJob();
    const shownParent = paintedJob();
    now += 1000;
    const variation = { kind: 'variation', parentIndex: 0, strength: 'subtle' } as const;
    const child = store.jobs.insert(newJob({ parentJobId: parent, source: variation })).job.id;
    const done = paintedJob({ parentJobId: shownParent, source: variation });
    const waiting = store.jobs.insert(newJob()).job.id;
    now += 500;
    expect(store.jobs.prune(600)).toBe(2);
    expect(store.jobs.get(old)).toBeUndefined();
    expect(store.jobs.get(shownParent)).toBeUndefined();
    expect(store.jobs.get(done)).toMatchObject({ parentJobId: null, source: variation });
    for (const id of [kept, parent, child, waiting]) {
      expect(store.jobs.get(id)?.id).toBe(id);
    }
    expect(store.jobs.prune(600)).toBe(0);
    expect(() => store.jobs.prune(Number.NaN)).toThrow(InputError);
  });
});
