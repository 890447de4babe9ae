/** What pictures were painted from, on its way from the painter into the store and back to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job, NewJob } from '../../src/domain/job.js';
import type { PictureCondition } from '../../src/domain/picture.js';
import type { PaintResult } from '../../src/painter/painter.js';
import { FairJobQueue } from '../../src/queue/job-queue.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/store.js';
import { newJob } from '../store/new-job.js';
import { fakeResult, ManualPainter } from './manual-painter.js';

let folder: string;
let now = 1_795_000_000_000;
let store: Store;
let queue: FairJobQueue;
let painter: ManualPainter;

function start(): void {
  store = openStore({ path: join(folder, 'tessera.sqlite'), clock: () => now });
  painter = new ManualPainter();
  queue = new FairJobQueue({ store, painter, slots: 1 });
}

async function stop(): Promise<void> {
  await queue.stop(0);
  store.close();
}

async function restart(): Promise<void> {
  await stop();
  start();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-queue-'));
  start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

/** One picture leans on a fox, the next on nothing, and so on. */
function conditionOf(index: number, turn: number): PictureCondition {
  const embedding = Float32Array.of(Math.fround(Math.cos(index + turn)), Math.fround(Math.sin(index + turn)));
  if (index % 2 === 1) {
    return { embedding, sources: [] };
  }
  const fox = { name: `fox ${turn}`, set: 'Noto Emoji', author: 'Google', licence: 'Apache-2.0' };
  return { embedding, guideTokens: Uint16Array.of(turn, 65_535), guidePull: turn + 0.5, sources: [fox] };
}

/** Adds a job and paints it; each picture is painted from a condition of its own where `turn` is given. */
async function paint(wish: Partial<Omit<NewJob, 'origin'>>, turn?: number): Promise<Job> {
  await queue.start();
  const { job } = await queue.add(newJob({ count: 3, ...wish }));
  const call = await painter.call(painter.calls.length);
  const completed = new Promise((resolve) => queue.on('completed', resolve));
  const result = fakeResult(call.request);
  const pictures = result.pictures.map((picture, i) =>
    turn === undefined ? picture : { ...picture, condition: conditionOf(i, turn) },
  );
  call.finish({ ...result, pictures });
  await completed;
  return stored(job.id);
}

function stored(id: string): Job {
  const job = store.jobs.get(id);
  if (job === undefined) {
    throw new Error(`there is no job ${id}`);
  }
  return job;
}

const rerollOf = ({ id, embedding }: Job) => ({ source: { kind: 'embedding' }, parentJobId: id, embedding }) as const;
const variationOf = ({ id, embedding }: Job, parentIndex: number) =>
  ({ source: { kind: 'variation', parentIndex, strength: 'subtle' }, parentJobId: id, embedding }) as const;

/** The condition that the newest call of the painter was made with. */
const asked = () => painter.calls.at(-1)?.request.condition;

describe('a reroll', () => {
  it('passes on what the parent’s pictures were painted from, after a restart, deletion and pruning', async () => {
    const parent = await paint({}, 1);
    expect(parent.pictures.map(({ condition }) => condition)).toEqual([0, 1, 2].map((i) => conditionOf(i, 1)));
    const { job: waiting } = store.jobs.insert(newJob(rerollOf(parent)));
    await restart();
    store.jobs.markDeleted(parent.id);
    now += 1;
    expect(store.jobs.prune(0)).toBe(0);
    await queue.start();
    const call = await painter.call(0);
    expect(asked()).toEqual({
      kind: 'embedding',
      embedding: parent.embedding,
      pictures: [0, 1, 2].map((i) => conditionOf(i, 1)),
    });
    expect(stored(waiting.id).embedding).toEqual(parent.embedding);
    call.finish();
  });

  it('of a reroll passes on the reroll’s own, when the first job is gone', async () => {
    const first = await paint({}, 1);
    const second = await paint(rerollOf(first), 2);
    await restart();
    store.jobs.setMessage(second.id, '900');
    store.keeps.add(second.id, '300', null);
    now += 1;
    expect(store.jobs.prune(0)).toBe(1);
    await paint(rerollOf(stored(second.id)), 3);
    expect(asked()).toEqual({
      kind: 'embedding',
      embedding: second.embedding,
      pictures: [0, 1, 2].map((i) => conditionOf(i, 2)),
    });
  });

  it('of a job without such conditions asks as it always did', async () => {
    const parent = await paint({});
    await paint(rerollOf(parent));
    expect(asked()).toStrictEqual({ kind: 'embedding', embedding: parent.embedding });
  });

  it('passes on nothing where another embedding is used than the parent’s', async () => {
    const parent = await paint({}, 1);
    const embedding = { vector: Float32Array.of(0.6, -0.8), bundle: 'emoji' };
    await paint({ ...rerollOf(parent), embedding });
    expect(asked()).toStrictEqual({ kind: 'embedding', embedding });
  });

  it('passes on nothing to another model', async () => {
    const parent = await paint({ prompt: 'a fox' }, 1);
    painter.bundle = 'photo';
    await paint({ ...rerollOf(parent), prompt: 'a fox' });
    expect(asked()).toStrictEqual({ kind: 'text', prompt: 'a fox' });
  });
});

describe('a variation', () => {
  it('starts from the varied picture’s own condition and leans on the same pictures', async () => {
    const parent = await paint({}, 1);
    await restart();
    for (const index of [0, 1]) {
      await paint(variationOf(parent, index), 2);
      expect(asked()).toStrictEqual({
        kind: 'variation',
        embedding: { vector: conditionOf(index, 1).embedding, bundle: 'emoji' },
        imageTokens: parent.pictures[index]?.imageTokens,
        strength: 'subtle',
        sources: conditionOf(index, 1).sources,
      });
    }
  });

  it('of a job without such conditions asks as it always did', async () => {
    const parent = await paint({});
    await paint(variationOf(parent, 2));
    expect(asked()).toStrictEqual({
      kind: 'variation',
      embedding: parent.embedding,
      imageTokens: parent.pictures[2]?.imageTokens,
      strength: 'subtle',
    });
  });
});

describe('words that were not understood', () => {
  it.each<[string, PaintResult['words'], readonly string[]]>([
    ['some', { understood: ['a fox'], unknown: ['blorp', 'zxcv'] }, ['blorp', 'zxcv']],
    ['none', { understood: ['a fox'], unknown: [] }, []],
    ['nothing was read', undefined, []],
  ])('are stored with the job: %s', async (_, words, unknownWords) => {
    await queue.start();
    const { job } = await queue.add(newJob());
    const completed = new Promise((resolve) => queue.on('completed', resolve));
    const call = await painter.call(0);
    call.finish({ ...fakeResult(call.request), ...(words && { words }) });
    expect(await completed).toMatchObject({ id: job.id, unknownWords });
    await restart();
    expect(stored(job.id).unknownWords).toEqual(unknownWords);
  });
});
