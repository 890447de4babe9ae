/** What bundle.json says, field by field: see docs/bundle-format.md. */

import { z } from 'zod';
import { samplingSettings } from '../../domain/sampling.js';

/** The newest format this build reads; version 1 is the same without a memory. */
export const FORMAT_VERSION = 2;

// A plain name: nothing that could lead out of the bundle's folder.
const fileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'expected a plain file name (letters, digits, dots, dashes)');
const count = z.int().min(1).max(1_000_000);
const finite = z.number();
const threeNumbers = z.array(finite).length(3);
const unit = z.number().min(0).max(1);

const picture = z.object({
  file: fileName,
  imageSize: z.int().min(8).max(2048),
  channels: z.union([z.literal(3), z.literal(4)]),
  grid: z.int().min(1).max(64),
});

const strengths = z.object({ subtle: z.number().min(0).max(10), strong: z.number().min(0).max(10) });

const textEncoder = z.object({
  file: fileName,
  tokenizer: fileName,
  contextLength: z.int().min(2).max(4096),
  padTokenId: z.int().min(0),
});

/** Pictures that the bundle knows, and the words that find them. */
const memory = z.object({
  index: fileName,
  tokens: fileName,
  embeddings: fileName,
  phraseVectors: fileName,
  codes: z.object({ file: fileName, width: count.max(4096), isResidual: z.boolean() }),
  sentenceEncoder: textEncoder.extend({ width: count.max(65_536) }),
  pictureCount: count,
  thingCount: count,
  phraseCount: count,
  guidance: z.object({
    /** Share of the prompt's own text embedding in a picture's condition; the rest is a picture's. */
    textShare: unit,
    /** How strongly codes like those of a remembered picture are preferred: see guide.ts. */
    pull: z.number().min(0).max(1000),
    /** The same towards a collage, which nobody has seen before: it may be followed more closely. */
    collagePull: z.number().min(0).max(1000),
    /** The same towards the tokens of the picture that is varied. */
    variationPull: z.object({ subtle: z.number().min(0).max(1000), strong: z.number().min(0).max(1000) }),
  }),
});

const manifest = z.object({
  formatVersion: z.union([z.literal(1), z.literal(FORMAT_VERSION)]),
  name: z.string().min(1).max(100),
  version: z.string().min(1).max(50),
  licence: z.string().min(1).max(500),
  files: z.record(fileName, z.object({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
  embeddingWidth: count,
  textEncoder,
  imageEncoder: z.object({
    file: fileName,
    imageSize: z.int().min(8).max(2048),
    mean: threeNumbers,
    std: z.array(z.number().gt(0)).length(3),
    background: z.array(unit).length(3),
  }),
  prior: z.object({
    condition: fileName,
    step: fileName,
    depth: fileName.nullable(),
    layers: count.max(1000),
    heads: count.max(1000),
    width: count,
    headWidth: count,
    positions: z.int().min(1).max(4096),
    codesPerPosition: z.int().min(1).max(16),
    // Tokens are stored as uint16.
    codebookSize: z.int().min(2).max(65_536),
  }),
  decoder: picture,
  encoder: picture,
  sampling: samplingSettings,
  styles: z.array(z.object({ name: z.string().min(1).max(50), suffix: z.string().max(200) })).default([]),
  phrases: z.object({ texts: fileName, embeddings: fileName }).nullable().default(null),
  memory: memory.nullable().default(null),
  calibration: z.object({
    textMean: z.array(finite).nullable(),
    imageMean: z.array(finite).nullable(),
    variationNoise: strengths,
    variationPull: z.object({ subtle: unit, strong: unit }),
  }),
  provenance: z
    .array(
      z.object({ name: z.string(), licence: z.string(), pictures: z.int().min(0), authors: z.string().optional() }),
    )
    .default([]),
  metrics: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
});

/** Fields that only make sense together. */
const manifestSchema = manifest.superRefine((value, context) => {
  const complain = (message: string, ...path: (string | number)[]) =>
    context.addIssue({ code: 'custom', message, path, input: value });
  const { prior, decoder, encoder, calibration } = value;
  if ((prior.depth === null) !== (prior.codesPerPosition === 1)) {
    complain('expected a file where codesPerPosition is above 1, and null where it is 1', 'prior', 'depth');
  }
  for (const [name, part] of [
    ['decoder', decoder],
    ['encoder', encoder],
  ] as const) {
    if (part.grid * part.grid !== prior.positions) {
      complain(`expected a grid with ${prior.positions} positions but it has ${part.grid ** 2}`, name, 'grid');
    }
  }
  for (const name of ['textMean', 'imageMean'] as const) {
    const mean = calibration[name];
    if (mean !== null && mean.length !== value.embeddingWidth) {
      complain(`expected ${value.embeddingWidth} numbers but there are ${mean.length}`, 'calibration', name);
    }
  }
  for (const name of referencedFiles(value)) {
    if (!Object.hasOwn(value.files, name)) {
      complain(`${name} is used but not listed`, 'files');
    }
  }
});

export type BundleManifest = Readonly<z.infer<typeof manifest>>;

function referencedFiles(described: BundleManifest): string[] {
  const { textEncoder, imageEncoder, prior, decoder, encoder, phrases, memory } = described;
  const names = [textEncoder.file, textEncoder.tokenizer, imageEncoder.file, prior.condition, prior.step];
  if (prior.depth !== null) {
    names.push(prior.depth);
  }
  if (phrases !== null) {
    names.push(phrases.texts, phrases.embeddings);
  }
  if (memory !== null) {
    const { index, tokens, embeddings, phraseVectors, codes, sentenceEncoder } = memory;
    names.push(index, tokens, embeddings, phraseVectors, codes.file, sentenceEncoder.file, sentenceEncoder.tokenizer);
  }
  return [...names, decoder.file, encoder.file];
}

/** The manifest in `value`, or what is wrong with it in one line. */
export function parseManifest(value: unknown): { manifest: BundleManifest } | { problem: string } {
  const result = manifestSchema.safeParse(value);
  if (result.success) {
    return { manifest: result.data };
  }
  const issue = result.error.issues[0];
  return { problem: issue === undefined ? 'not valid' : `${issue.path.join('.') || 'the file'}: ${issue.message}` };
}

/** `name@version`: embeddings and tokens mean something to the very weights that made them alone. */
export function bundleId({ name, version }: Pick<BundleManifest, 'name' | 'version'>): string {
  return `${name}@${version}`;
}
