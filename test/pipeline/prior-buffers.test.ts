import { describe, expect, test } from 'vitest';
import type { BundleManifest } from '../../src/pipeline/bundle-schema.js';
import { floatsOf, type Session } from '../../src/pipeline/onnx.js';
import { PriorBuffers } from '../../src/pipeline/prior-buffers.js';

const PRIOR: BundleManifest['prior'] = {
  condition: 'condition.onnx',
  step: 'step.onnx',
  depth: null,
  layers: 2,
  heads: 2,
  width: 6,
  headWidth: 3,
  positions: 200,
  codesPerPosition: 1,
  codebookSize: 8,
};

/** As much of a step as buffers ask about: one that returns new rows and takes caches of `length`. */
function stepOf(length: string | number): Session {
  const step: Pick<Session, 'inputs' | 'outputs' | 'hasInput'> = {
    inputs: [{ name: 'past_key_0', type: 'float32', dims: ['N', PRIOR.heads, length, PRIOR.headWidth] }],
    outputs: [{ name: 'new_key_0', type: 'float32', dims: ['N', PRIOR.heads, PRIOR.headWidth] }],
    hasInput: () => true,
  };
  return step as Session;
}

const buffersOf = (capacity: number, length: string | number = 'C') =>
  new PriorBuffers(PRIOR, { step: stepOf(length), depth: undefined }, capacity);

/** A number that says where it belongs. */
const valueAt = (row: number, head: number, position: number) => row * 10_000 + head * 1_000 + position;

/** Stores `position` of the rows, as a step would. */
function store(buffers: PriorBuffers, rows: readonly number[], position: number): void {
  const count = Math.max(...rows) + 1;
  const added = floatsOf(buffers.tensors(count).stepFetches, 'new_value_1');
  for (const row of rows)
    for (let head = 0; head < 2; head++) {
      const at = (row * 2 + head) * 3;
      added.fill(valueAt(row, head, position), at, at + 3);
    }
  for (const row of rows) buffers.storeNewRow(row, position);
}

/** What a step would read of `row`, positions 0 … count − 1 of its second head. */
function read(buffers: PriorBuffers, row: number, count: number): number[] {
  const cache = buffers.tensors(row + 1).stepFeeds.past_value_1;
  const [, , length = 0] = cache?.dims ?? [];
  const start = (row * 2 + 1) * length * 3;
  return Array.from({ length: count }, (_, position) => Number(cache?.data[start + position * 3 + 2]));
}

const expectedOf = (row: number, count: number) => Array.from({ length: count }, (_, p) => valueAt(row, 1, p));
const lengthOf = (buffers: PriorBuffers) => buffers.tensors(1).stepFeeds.past_key_0?.dims[2];

describe('PriorBuffers', () => {
  test('caches grow and shrink with the furthest picture and keep what is stored', () => {
    const buffers = buffersOf(4);
    const lengths = new Set<number | undefined>();
    for (let position = 0; position < 200; position++) {
      buffers.fitCaches(position, 4);
      lengths.add(lengthOf(buffers));
      store(buffers, [0, 1, 2, 3], position);
    }
    expect([...lengths]).toEqual([64, 128, 192, 200]);
    for (let row = 0; row < 4; row++) expect(read(buffers, row, 200)).toEqual(expectedOf(row, 200));
    buffers.fitCaches(99, 4);
    expect(lengthOf(buffers)).toBe(128);
    for (let row = 0; row < 4; row++) expect(read(buffers, row, 128)).toEqual(expectedOf(row, 128));
  });

  test('a row that moves and larger buffers take the caches along, whatever their length', () => {
    const buffers = buffersOf(2);
    for (let position = 0; position < 70; position++) {
      buffers.fitCaches(position, 2);
      store(buffers, [0, 1], position);
    }
    const grown = buffersOf(6);
    grown.copyCachesFrom(buffers);
    expect(lengthOf(grown)).toBe(128);
    grown.moveRow(1, 0);
    for (const row of [0, 1]) expect(read(grown, row, 70)).toEqual(expectedOf(1, 70));
  });

  test('a graph that fixes the length gets all of it from the start', () => {
    const buffers = buffersOf(2, PRIOR.positions);
    expect(lengthOf(buffers)).toBe(200);
    buffers.fitCaches(0, 2);
    expect(lengthOf(buffers)).toBe(200);
  });
});
