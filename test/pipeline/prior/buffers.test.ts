import { describe, expect, test } from 'vitest';
import { floatsOf, type Session } from '../../../src/pipeline/bundle/onnx.js';
import type { BundleManifest } from '../../../src/pipeline/bundle/schema.js';
import { PriorBuffers } from '../../../src/pipeline/prior/buffers.js';

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
  for (const row of rows) {
    for (let head = 0; head < 2; head++) {
      const at = (row * 2 + head) * 3;
      added.fill(valueAt(row, head, position), at, at + 3);
    }
  }
  for (const row of rows) {
    buffers.storeNewRow(row, position);
  }
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
    for (let row = 0; row < 4; row++) {
      expect(read(buffers, row, 200)).toEqual(expectedOf(row, 200));
    }
    buffers.fitCaches(99, 4);
    expect(lengthOf(buffers)).toBe(128);
    for (let row = 0; row < 4; row++) {
      expect(read(buffers, row, 128)).toEqual(expectedOf(row, 128));
    }
  });

  test('rows that join keep what is stored, and a row that moves takes its cache along, whatever its length', () => {
    const buffers = buffersOf(6);
    for (let position = 0; position < 70; position++) {
      buffers.fitCaches(position, 2);
      store(buffers, [0, 1], position);
    }
    buffers.fitCaches(70, 6);
    expect(lengthOf(buffers)).toBe(128);
    for (const row of [0, 1]) {
      expect(read(buffers, row, 70)).toEqual(expectedOf(row, 70));
    }
    buffers.moveRow(1, 5);
    for (const row of [1, 5]) {
      expect(read(buffers, row, 70)).toEqual(expectedOf(1, 70));
    }
  });

  test('large caches are given back to the system at once and can be taken again, small ones are kept', () => {
    const prior = { ...PRIOR, headWidth: 4096 };
    const heldBytes = (buffers: PriorBuffers) => {
      const { stepFeeds } = buffers.tensors(1);
      const arrays = Object.entries(stepFeeds).flatMap(([name, { data }]) =>
        name.startsWith('past_') && data instanceof Float32Array ? [data.buffer.byteLength] : [],
      );
      return arrays.reduce((sum, bytes) => sum + bytes, 0);
    };
    const large = new PriorBuffers(prior, { step: stepOf('C'), depth: undefined }, 4);
    const before = process.memoryUsage.rss();
    large.fitCaches(199, 4);
    const held = heldBytes(large);
    expect(held).toBe(4 * 4 * 2 * 200 * 4096 * 4);
    for (const { data } of Object.values(large.tensors(4).stepFeeds)) {
      if (data instanceof Float32Array) {
        data.fill(1);
      }
    }
    expect(process.memoryUsage.rss() - before).toBeGreaterThan(0.9 * held);
    large.release();
    expect(process.memoryUsage.rss() - before).toBeLessThan(0.3 * held);
    large.fitCaches(0, 2);
    expect(large.tensors(2).stepFeeds.past_key_1?.dims).toEqual([2, 2, 64, 4096]);
    expect(large.tensors(2).stepFeeds.past_key_1?.data[0]).toBe(0);

    const small = buffersOf(4);
    small.fitCaches(199, 4);
    store(small, [0], 0);
    small.release();
    expect(heldBytes(small)).toBeGreaterThan(0);
    expect(read(small, 0, 1)).toEqual(expectedOf(0, 1));
  });

  test('a graph that fixes the length gets all of it from the start', () => {
    const buffers = buffersOf(2, PRIOR.positions);
    buffers.fitCaches(0, 2);
    expect(lengthOf(buffers)).toBe(200);
  });
});
