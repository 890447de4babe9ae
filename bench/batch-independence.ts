/**
 * Shows with a bundle of any size what the tests show with theirs: who shares a batch changes no token.
 *
 *   npm run bench:batch -- --bundle DIR [--pictures 6] [--seed 1] [--threads 2]
 *
 * Guidance as two rows of one step beside the same two rows run apart, one row a step and with a cache of the full
 * length; then pictures that join at random steps, one of which leaves early, beside each of them alone. Exits with 1
 * where a token differs. For bundles whose positions hold one code and whose step gives new rows: those of
 * `python -m tessera_training.convert`.
 */
import { parseArgs } from 'node:util';
import { type BundleManifest, verifyBundle } from '../src/pipeline/bundle/bundle.js';
import { floatsOf, floatTensor, int64Tensor, type Session } from '../src/pipeline/bundle/onnx.js';
import { BundleSessions } from '../src/pipeline/bundle/sessions.js';
import { cacheNames, returnsNewRows } from '../src/pipeline/bundle/tensors.js';
import { type Drawing, type PictureSpec, PriorBatch } from '../src/pipeline/prior/batch.js';
import { RandomGenerator } from '../src/pipeline/prior/random.js';
import { Sampler } from '../src/pipeline/prior/sampler.js';

type Prior = BundleManifest['prior'];

const LIVELY = { temperature: 1, topK: 500, topP: 0.95 };
const GUIDED = { ...LIVELY, guidanceScale: 3 };
/** Of the spread of a row's logits, which is what 4-bit weights may move by with the number of rows. */
const LOGIT_TOLERANCE = 1e-3;

/** Rows that advance together, without anything of PriorBatch: zeroed caches of the full length, one run a position. */
class PlainRows {
  readonly #caches: readonly { past: string; added: string; rows: Float32Array }[];
  readonly #step: Session;
  readonly #prior: Prior;
  readonly #conditions: readonly Float32Array[];

  constructor(step: Session, prior: Prior, conditions: readonly Float32Array[]) {
    this.#step = step;
    this.#prior = prior;
    this.#conditions = conditions;
    const size = conditions.length * prior.heads * prior.positions * prior.headWidth;
    this.#caches = cacheNames(prior.layers).map(({ past, added }) => ({ past, added, rows: new Float32Array(size) }));
  }

  /** Logits [rows × K] of `position`, behind `token`. */
  async logits(position: number, token: number): Promise<Float32Array> {
    const { heads, headWidth, positions, width } = this.#prior;
    const rows = this.#conditions.length;
    const condition = Float32Array.from({ length: rows * width }, (_, i) => {
      return this.#conditions[Math.floor(i / width)]?.[position * width + (i % width)] ?? 0;
    });
    const outputs = await this.#step.run({
      image_tokens: int64Tensor(new BigInt64Array(rows).fill(BigInt(token)), [rows, 1]),
      condition: floatTensor(condition, [rows, width]),
      position: int64Tensor(new BigInt64Array(rows).fill(BigInt(position)), [rows]),
      ...Object.fromEntries(
        this.#caches.map((cache) => [cache.past, floatTensor(cache.rows, [rows, heads, positions, headWidth])]),
      ),
    });
    for (const cache of this.#caches) {
      const added = floatsOf(outputs, cache.added);
      for (let head = 0; head < rows * heads; head++) {
        cache.rows.set(
          added.subarray(head * headWidth, (head + 1) * headWidth),
          (head * positions + position) * headWidth,
        );
      }
    }
    return floatsOf(outputs, 'logits');
  }
}

/**
 * How many tokens are drawn alike from two rows of one run and from two runs, and by a PriorBatch; and the largest
 * difference of a logit, in spreads (standard deviations) of its row.
 */
async function compareGuidance(step: Session, prior: Prior, own: Float32Array, none: Float32Array, seed: number) {
  const sampler = new Sampler(prior.codebookSize);
  const [together, apart] = [new RandomGenerator(seed), new RandomGenerator(seed)];
  const both = new PlainRows(step, prior, [own, none]);
  const [withOwn, withNone] = [new PlainRows(step, prior, [own]), new PlainRows(step, prior, [none])];
  const batch = new PriorBatch(prior, { step, depth: undefined }, none, 2);
  const inBatch = await finish(batch, batch.add({ condition: own, seed, settings: GUIDED }));
  const found = { sameTokens: 0, sameTokensAsBatch: 0, positions: prior.positions, logitDeviation: 0 };
  let token = 0;
  for (let position = 0; position < prior.positions; position++) {
    const two = await both.logits(position, token);
    const ones = [await withOwn.logits(position, token), await withNone.logits(position, token)] as const;
    for (const [row, one] of ones.entries()) {
      found.logitDeviation = Math.max(found.logitDeviation, deviation(two.subarray(row * one.length), one));
    }
    token = sampler.draw(GUIDED, together, two, 0, two, prior.codebookSize);
    found.sameTokens += Number(sampler.draw(GUIDED, apart, ones[0], 0, ones[1], 0) === token);
    found.sameTokensAsBatch += Number(inBatch[position] === token);
  }
  return found;
}

/** Largest difference ÷ standard deviation of `one`. */
function deviation(two: Float32Array, one: Float32Array): number {
  const mean = one.reduce((sum, value) => sum + value, 0) / one.length;
  const spread = Math.sqrt(one.reduce((sum, value) => sum + (value - mean) ** 2, 0) / one.length);
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - (two[i] ?? Number.NaN))), 0) / spread;
}

async function finish(batch: PriorBatch, drawing: Drawing): Promise<Uint16Array> {
  while (batch.activeRowCount > 0) {
    await batch.step();
  }
  return drawing.tokens;
}

/** Steps at which each of `specs` joins, and how many of them have the tokens that they have alone. */
async function compareBatches(newBatch: () => PriorBatch, specs: readonly PictureSpec[], random: RandomGenerator) {
  const batch = newBatch();
  const joins = specs.map((_, index) => (index === 0 ? 0 : Math.floor(random.next() * (batch.positions - 1))));
  const alone: string[] = [];
  for (const spec of specs) {
    const single = newBatch();
    alone.push((await finish(single, single.add(spec))).join());
  }
  const drawings = new Map<number, Drawing>();
  let guest: Drawing | undefined;
  for (let step = 0; step <= Math.max(...joins) || batch.activeRowCount > 0; step++) {
    // In the lowest rows and gone again after a while: others then move into its place.
    if (step === 0 && specs[1] !== undefined) {
      guest = batch.add(specs[1]);
    }
    for (const [index, spec] of specs.entries()) {
      if (joins[index] === step) {
        drawings.set(index, batch.add(spec));
      }
    }
    if (step === Math.floor(batch.positions / 2) && guest !== undefined) {
      batch.remove(guest);
    }
    await batch.step();
  }
  const same = alone.filter((tokens, index) => drawings.get(index)?.tokens.join() === tokens).length;
  return { joins, same, pictures: specs.length, differentPictures: new Set(alone).size };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      bundle: { type: 'string' },
      pictures: { type: 'string', default: '6' },
      seed: { type: 'string', default: '1' },
      threads: { type: 'string', default: '2' },
    },
  });
  if (values.bundle === undefined) {
    throw new Error('Expected --bundle DIR.');
  }
  const bundle = await verifyBundle(values.bundle);
  const { prior, embeddingWidth } = bundle.manifest;
  const sessions = new BundleSessions(bundle, { provider: 'cpu', threads: Number(values.threads) });
  const [step, condition] = [await sessions.get('step'), await sessions.get('condition')];
  if (prior.codesPerPosition !== 1 || !returnsNewRows(step)) {
    throw new Error('Expected a bundle of python -m tessera_training.convert.');
  }
  const conditionOf = async (embedding: Float32Array) =>
    floatsOf(await condition.run({ embedding: floatTensor(embedding, [1, embeddingWidth]) }), 'condition');
  const random = new RandomGenerator(Number(values.seed));
  const unitLike = () =>
    Float32Array.from({ length: embeddingWidth }, () => (random.next() - 0.5) * Math.sqrt(12 / embeddingWidth));
  const none = await conditionOf(new Float32Array(embeddingWidth));

  const guidance = await compareGuidance(step, prior, await conditionOf(unitLike()), none, Number(values.seed));
  const specs: PictureSpec[] = [];
  for (let index = 0; index < Number(values.pictures); index++) {
    specs.push({
      condition: await conditionOf(unitLike()),
      seed: index,
      settings: index % 2 === 0 ? { ...LIVELY, guidanceScale: 1 } : GUIDED,
    });
  }
  const rows = 2 * (specs.length + 1);
  const together = await compareBatches(
    () => new PriorBatch(prior, { step, depth: undefined }, none, rows),
    specs,
    random,
  );
  process.stdout.write(`${JSON.stringify({ guidance, together }, null, 1)}\n`);
  await sessions.release();
  const { sameTokens, sameTokensAsBatch, positions, logitDeviation } = guidance;
  const holds =
    Math.min(sameTokens, sameTokensAsBatch) === positions &&
    logitDeviation < LOGIT_TOLERANCE &&
    together.same === together.pictures;
  process.exitCode = holds ? 0 : 1;
}

await main();
