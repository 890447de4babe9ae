import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BundleManifest } from '../../../src/pipeline/bundle/bundle.js';
import { Session } from '../../../src/pipeline/bundle/onnx.js';
import { hasFreeCacheLength } from '../../../src/pipeline/bundle/tensors.js';
import { type Drawing, type PictureSpec, PriorBatch } from '../../../src/pipeline/prior/batch.js';
import { PriorBuffers } from '../../../src/pipeline/prior/buffers.js';
import { CPU } from '../support.js';

/** 144 positions: caches of 64, 128 and 144. Written by `python -m tessera_training.convert.step_fixture`. */
const FOLDER = join(import.meta.dirname, '..', '..', 'fixtures', 'free-cache-step');

let step: Session;
let prior: BundleManifest['prior'];

beforeAll(async () => {
  prior = JSON.parse(await readFile(join(FOLDER, 'prior.json'), 'utf8'));
  step = await Session.open(join(FOLDER, 'step.onnx'), CPU);
});

afterAll(() => step.release());

/** Conditioning vectors that are there at position 0 only, as the published prior has them. */
function rowsOf(phase: number): Float32Array {
  const rows = new Float32Array(prior.positions * prior.width);
  for (let i = 0; i < prior.width; i++) {
    rows[i] = Math.sin(phase + i);
  }
  return rows;
}

function specOf(index: number): PictureSpec {
  const guidanceScale = index % 3 === 2 ? 2 : 1;
  return {
    condition: rowsOf(index * 7),
    seed: 40 + index,
    settings: { temperature: 0.8 + index / 10, topK: 30, topP: 0.95, guidanceScale },
  };
}

function emptyBatch(maxRows = 16): PriorBatch {
  return new PriorBatch(prior, { step, depth: undefined }, rowsOf(0.5), maxRows);
}

async function paintAlone(index: number): Promise<string> {
  const batch = emptyBatch();
  const drawing = batch.add(specOf(index));
  while (batch.activeRowCount > 0) {
    await batch.step();
  }
  return drawing.tokens.join();
}

describe('a cache that is as long as the furthest picture needs', () => {
  const kinds = 4;
  const alone: string[] = [];

  beforeAll(async () => {
    for (let index = 0; index < kinds; index++) {
      alone.push(await paintAlone(index));
    }
  });

  test('the fixture is what these tests are about', () => {
    expect(hasFreeCacheLength(step)).toBe(true);
    expect(prior.positions).toBeGreaterThan(128);
    expect(new Set(alone).size).toBe(kinds);
  });

  // By name: joins just before, at and just behind a growth of the cache; leaves while it is long, so that it shrinks.
  test.each([
    ['one position before the first growth', [0, 63], []],
    ['at the first growth', [0, 64], []],
    ['behind both growths', [0, 65, 129], []],
    ['the furthest leaves, the cache shrinks and grows again', [0, 70, 75], [[0, 100]]],
    ['the furthest leaves in the last, shorter grain', [0, 90, 128], [[0, 140]]],
    ['one comes just when another is finished', [0, 144], []],
  ] as const)('%s', async (_, joins, leaves) => {
    await expectSame(joins.map((at, index) => ({ kind: index, joins: at, leaves: leavesOf(leaves, index) })));
  });

  test('whenever pictures join and leave', async () => {
    const picture = fc.record({
      kind: fc.nat(kinds - 1),
      joins: fc.oneof(fc.nat(150), fc.constantFrom(63, 64, 127, 128)),
      leaves: fc.option(fc.integer({ min: 1, max: 143 })),
    });
    await fc.assert(fc.asyncProperty(fc.array(picture, { minLength: 1, maxLength: 6 }), expectSame), { numRuns: 8 });
  });

  interface Visit {
    readonly kind: number;
    /** Step before which it joins. */
    readonly joins: number;
    /** Steps after which it is taken out; null: it stays until it is finished. */
    readonly leaves: number | null;
  }

  async function expectSame(visits: readonly Visit[]): Promise<void> {
    const batch = emptyBatch();
    const drawings = new Map<Visit, Drawing>();
    const last = Math.max(...visits.map(({ joins }) => joins));
    for (let at = 0; at <= last || batch.activeRowCount > 0; at++) {
      for (const visit of visits) {
        if (visit.joins === at) {
          drawings.set(visit, batch.add(specOf(visit.kind)));
        }
        const drawing = drawings.get(visit);
        if (visit.leaves !== null && visit.joins + visit.leaves === at && drawing !== undefined) {
          batch.remove(drawing);
        }
      }
      await batch.step();
    }
    for (const visit of visits) {
      const tokens = drawings.get(visit)?.tokens.join(',').split(',');
      const wanted = alone[visit.kind]?.split(',');
      // What was drawn before a picture was taken out is no other either.
      expect(tokens?.slice(0, visit.leaves ?? prior.positions)).toEqual(
        wanted?.slice(0, visit.leaves ?? prior.positions),
      );
    }
  }
});

test('rows keep their keys where a longer or shorter cache moves them', () => {
  const buffers = new PriorBuffers(prior, { step, depth: undefined }, 3);
  const { heads, headWidth } = prior;
  const cache = () => buffers.tensors(3).stepFeeds.past_key_0;
  const mark = (row: number, head: number, position: number) => 1000 * row + 100 * head + position;
  const each = (visit: (row: number, head: number, position: number) => void) => {
    for (let row = 0; row < 3; row++) {
      for (let head = 0; head < heads; head++) {
        for (let position = 0; position < 60; position++) {
          visit(row, head, position);
        }
      }
    }
  };
  const at = (row: number, head: number, position: number) =>
    ((row * heads + head) * (cache()?.dims[2] ?? 0) + position) * headWidth;
  const data = () => cache()?.data as Float32Array;

  buffers.fitCaches(0, 3);
  each((row, head, position) => {
    data()[at(row, head, position)] = mark(row, head, position);
  });
  for (const [position, length] of [
    [64, 128],
    [140, 144],
    [130, 144],
    [127, 128],
    [3, 64],
  ] as const) {
    buffers.fitCaches(position, 3);
    expect(cache()?.dims).toEqual([3, heads, length, headWidth]);
    each((row, head, position) => {
      if (data()[at(row, head, position)] !== mark(row, head, position)) {
        throw new Error(`${row} ${head} ${position}`);
      }
    });
  }
});

function leavesOf(leaves: readonly (readonly [number, number])[], index: number): number | null {
  return leaves.find(([who]) => who === index)?.[1] ?? null;
}
