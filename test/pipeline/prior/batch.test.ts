import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Drawing, PictureSpec, PriorBatch } from '../../../src/pipeline/prior/batch.js';
import { Generator } from '../../../src/pipeline/prior/generate.js';
import { type DrawSettings, Sampler } from '../../../src/pipeline/prior/sampler.js';
import { openPrior, readGolden, TINY, TINY_RGB, unpack } from '../support.js';

const GREEDY: DrawSettings = { temperature: 0, topK: 0, topP: 1, guidanceScale: 1 };
const LIVELY: DrawSettings = { temperature: 1, topK: 40, topP: 0.95, guidanceScale: 2 };

async function finish(batch: PriorBatch): Promise<void> {
  while (batch.activeRowCount > 0) {
    await batch.step();
  }
}

describe.each([
  ['two codes, whole caches', TINY],
  ['one code, new rows', TINY_RGB],
])('against the reference that recomputes every prefix (%s)', (_, dir) => {
  test.each(['greedy', 'guided'] as const)('%s tokens and logits', async (kind) => {
    const golden = await readGolden(dir);
    const prior = await openPrior(dir);
    const guidanceScale = kind === 'guided' ? golden.guided.scale : 1;
    const seen: number[] = [];
    const original = Sampler.prototype.draw;
    // The mixed logits are the sampler's own business; here they are mixed once more from what it was given.
    const spy = vi.spyOn(Sampler.prototype, 'draw').mockImplementation(function (this: Sampler, ...call) {
      const [settings, , logits, offset, nullLogits, nullOffset = 0] = call;
      for (let token = 0; token < this.codebookSize; token++) {
        const own = logits[offset + token] ?? Number.NaN;
        const other = nullLogits?.[nullOffset + token];
        seen.push(other === undefined ? own : other + settings.guidanceScale * (own - other));
      }
      return original.apply(this, call);
    });
    const batch = prior.batch();
    const condition = await prior.conditionOf(golden.embedding);
    const drawing = batch.add({ condition, seed: 0, settings: { ...GREEDY, guidanceScale } });
    await finish(batch);
    spy.mockRestore();

    expect([...drawing.tokens]).toEqual(golden[kind].tokens.flat());
    const wanted = unpack(golden[kind].logits);
    expect(seen).toHaveLength(wanted.length);
    const worst = seen.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? 0))), 0);
    expect(worst).toBeLessThan(2e-4);
  });

  test('pictures are the same alone and in any company, joining and leaving at any step', async () => {
    const prior = await openPrior(dir);
    const { embeddingWidth } = prior.manifest;
    const specs: PictureSpec[] = [];
    for (let i = 0; i < 6; i++) {
      const embedding = Array.from({ length: embeddingWidth }, (_, j) => Math.sin(i * 7 + j) / 3);
      const guidanceScale = i % 3 === 0 ? 1 : 1 + i;
      specs.push({
        condition: await prior.conditionOf(embedding),
        seed: 100 + i,
        settings: { ...LIVELY, guidanceScale, temperature: 0.7 + i / 10 },
      });
    }
    const alone: string[] = [];
    for (const spec of specs) {
      const batch = prior.batch();
      const drawing = batch.add(spec);
      await finish(batch);
      alone.push(drawing.tokens.join());
    }
    expect(new Set(alone).size).toBe(alone.length);

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ spec: fc.nat(specs.length - 1), joins: fc.nat(20), leaves: fc.option(fc.nat(12)) }), {
          minLength: 1,
          maxLength: 7,
        }),
        async (plan) => {
          const batch = prior.batch();
          const drawings = new Map<number, Drawing>();
          for (let step = 0; step < 40; step++) {
            plan.forEach(({ spec, joins, leaves }, index) => {
              const picture = specs[spec];
              if (joins === step && picture !== undefined) {
                drawings.set(index, batch.add(picture));
              }
              const drawing = drawings.get(index);
              if (leaves !== null && drawing !== undefined && joins + leaves === step) {
                batch.remove(drawing);
              }
            });
            await batch.step();
          }
          expect(batch.activeRowCount).toBe(0);
          plan.forEach(({ spec, leaves }, index) => {
            if (leaves === null) {
              expect(drawings.get(index)?.tokens.join()).toBe(alone[spec]);
            }
          });
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('Generator', () => {
  async function setUp(maxRows?: number) {
    const prior = await openPrior(TINY);
    const batch = prior.batch(maxRows);
    const { embedding } = await readGolden(TINY);
    const condition = await prior.conditionOf(embedding);
    const specs = (count: number, seed = 0): PictureSpec[] =>
      Array.from({ length: count }, (_, i) => ({ condition, seed: seed + i, settings: LIVELY }));
    return { batch, generator: new Generator(batch), specs };
  }

  test('paints more pictures than fit in turns, with the same tokens and growing progress', async () => {
    const roomy = await setUp();
    const wanted = await roomy.generator.generate(roomy.specs(7));
    const tight = await setUp(5);
    const fractions: number[] = [];
    let mostRows = 0;
    const tokens = await tight.generator.generate(tight.specs(7), {
      onStep: ({ fraction }) => {
        fractions.push(fraction);
        mostRows = Math.max(mostRows, tight.batch.activeRowCount);
      },
    });
    expect(tokens).toEqual(wanted);
    expect(mostRows).toBe(4);
    expect(fractions).toHaveLength(4 * 16);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions.every((fraction, i) => i === 0 || fraction > (fractions[i - 1] ?? 0))).toBe(true);
  });

  test('two calls share their steps and get what each would get alone', async () => {
    const { generator, batch, specs } = await setUp();
    const first = await generator.generate(specs(2));
    const second = await generator.generate(specs(3, 50));
    const steps = vi.spyOn(batch, 'step');
    expect(await Promise.all([generator.generate(specs(2)), generator.generate(specs(3, 50))])).toEqual([
      first,
      second,
    ]);
    expect(steps.mock.calls.length).toBe(16);
  });

  test('an abort frees the rows at the next step and leaves others alone', async () => {
    const { generator, batch, specs } = await setUp();
    const alone = await generator.generate(specs(1, 9));
    const controller = new AbortController();
    let steps = 0;
    const aborted = generator.generate(specs(4), {
      signal: controller.signal,
      onStep: () => {
        if (++steps === 3) {
          controller.abort();
        }
      },
    });
    const other = generator.generate(specs(1, 9));
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    expect(steps).toBe(3);
    expect(batch.activeRowCount).toBe(2);
    expect(await other).toEqual(alone);
    expect(batch.activeRowCount).toBe(0);
  });

  test('an abort reaches pictures that still wait for room', async () => {
    const { generator, specs } = await setUp(4);
    const first = generator.generate(specs(2));
    const waiting = generator.generate(specs(2, 5), { signal: AbortSignal.abort() });
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    expect(await first).toHaveLength(2);
  });

  test('a listener that throws fails its own call only', async () => {
    const { generator, batch, specs } = await setUp();
    const bad = generator.generate(specs(1), {
      onStep: () => {
        throw new Error('listener');
      },
    });
    const good = generator.generate(specs(1, 3));
    await expect(bad).rejects.toThrow('listener');
    expect(await good).toHaveLength(1);
    expect(batch.activeRowCount).toBe(0);
  });

  test('a step that fails rejects every call and leaves an empty batch that works again', async () => {
    const { generator, batch, specs } = await setUp();
    const step = vi.spyOn(batch, 'step').mockRejectedValueOnce(new Error('runtime'));
    await expect(Promise.all([generator.generate(specs(1)), generator.generate(specs(2))])).rejects.toThrow('runtime');
    expect(batch.activeRowCount).toBe(0);
    step.mockRestore();
    expect(await generator.generate(specs(1))).toHaveLength(1);
  });
});
