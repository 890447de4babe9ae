/** Which tensors each graph of a bundle takes and gives, from bundle.json alone. */

import { BundleError } from '../../domain/errors.js';
import type { Session, TensorInfo } from './onnx.js';
import type { BundleManifest } from './schema.js';

/** A tensor as documented; null where the size is free. */
interface ExpectedTensor {
  readonly type: 'float32' | 'int64';
  readonly dims: readonly (number | null)[];
}

type ExpectedTensors = Readonly<Record<string, ExpectedTensor>>;

interface ExpectedGraph {
  readonly inputs: ExpectedTensors;
  readonly outputs: ExpectedTensors;
}

export type GraphRole =
  | 'textEncoder'
  | 'imageEncoder'
  | 'condition'
  | 'step'
  | 'depth'
  | 'decoder'
  | 'encoder'
  | 'sentenceEncoder';

const N = null;
const floats = (...dims: (number | null)[]): ExpectedTensor => ({ type: 'float32', dims });
const int64s = (...dims: (number | null)[]): ExpectedTensor => ({ type: 'int64', dims });

/**
 * Checks that the graph agrees with its description.
 *
 * A graph may lack an input it has no use for; it may not ask for one that nobody can give, nor lack an output.
 *
 * @throws BundleError naming the tensor, what was expected and what the graph has.
 */
export function checkTensors(role: GraphRole, session: Session, manifest: BundleManifest): void {
  const expected = EXPECTED[role](manifest, session);
  for (const input of session.inputs) {
    const wanted = expected.inputs[input.name];
    if (wanted === undefined) {
      throw new BundleError(`${session.name} asks for an unknown input ${input.name}.`);
    }
    checkTensor(session.name, input, wanted);
  }
  for (const [name, wanted] of Object.entries(expected.outputs)) {
    const output = session.outputs.find((candidate) => candidate.name === name);
    if (output === undefined) {
      throw new BundleError(`${session.name} has no output ${name}.`);
    }
    checkTensor(session.name, output, wanted);
  }
}

function checkTensor(file: string, tensor: TensorInfo, expected: ExpectedTensor): void {
  const fits =
    tensor.type === expected.type &&
    tensor.dims.length === expected.dims.length &&
    expected.dims.every(
      (size, axis) => size === null || typeof tensor.dims[axis] === 'string' || tensor.dims[axis] === size,
    );
  if (!fits) {
    throw new BundleError(
      `Expected ${expected.type} [${expected.dims.map((size) => size ?? '*').join(', ')}] for ${tensor.name} of ${file} ` +
        `but it is ${tensor.type} [${tensor.dims.map((size) => size || '*').join(', ')}].`,
    );
  }
}

export interface CacheNames {
  /** Input: the cache [N, H, P, E], or shorter ones where the graph leaves the length free. */
  readonly past: string;
  /** Output: the same with its new row, */
  readonly present: string;
  /** or the new row alone [N, H, E]. */
  readonly added: string;
}

/** Names of the caches in the order of the layers: key 0, value 0, key 1, … */
export function cacheNames(layers: number): readonly CacheNames[] {
  return Array.from({ length: layers }, (_, layer) =>
    ['key', 'value'].map((part) => ({
      past: `past_${part}_${layer}`,
      present: `present_${part}_${layer}`,
      added: `new_${part}_${layer}`,
    })),
  ).flat();
}

/** Whether the step gives the new rows of its caches (`new_*`) and leaves it to us to store them. */
export function returnsNewRows(step: Session): boolean {
  return step.outputs.some(({ name }) => name === 'new_key_0');
}

/** Whether the step takes caches that are shorter than all positions. */
export function hasFreeCacheLength(step: Session): boolean {
  return typeof step.inputs.find(({ name }) => name === 'past_key_0')?.dims[2] === 'string';
}

function stepTensors({ prior }: BundleManifest, step: Session): ExpectedGraph {
  const cache = floats(N, prior.heads, prior.positions, prior.headWidth);
  const row = floats(N, prior.heads, prior.headWidth);
  const givesRows = returnsNewRows(step);
  const names = cacheNames(prior.layers);
  return {
    inputs: {
      image_tokens: int64s(N, prior.codesPerPosition),
      condition: floats(N, prior.width),
      position: int64s(N),
      ...Object.fromEntries(names.map(({ past }) => [past, cache])),
    },
    outputs: {
      logits: floats(N, prior.codebookSize),
      // Only the further codes of a position need it.
      ...(prior.depth === null ? {} : { hidden: floats(N, prior.width) }),
      ...Object.fromEntries(names.map(({ present, added }) => (givesRows ? [added, row] : [present, cache]))),
    },
  };
}

const EXPECTED: Readonly<Record<GraphRole, (manifest: BundleManifest, session: Session) => ExpectedGraph>> = {
  textEncoder: ({ textEncoder, embeddingWidth }) => ({
    inputs: { input_ids: int64s(N, textEncoder.contextLength), attention_mask: int64s(N, textEncoder.contextLength) },
    outputs: { embedding: floats(N, embeddingWidth) },
  }),
  imageEncoder: ({ imageEncoder, embeddingWidth }) => ({
    inputs: { pixels: floats(N, 3, imageEncoder.imageSize, imageEncoder.imageSize) },
    outputs: { embedding: floats(N, embeddingWidth) },
  }),
  condition: ({ prior, embeddingWidth }) => ({
    inputs: { embedding: floats(N, embeddingWidth) },
    outputs: { condition: floats(N, prior.positions, prior.width) },
  }),
  step: stepTensors,
  depth: ({ prior }) => ({
    inputs: { hidden: floats(N, prior.width), image_tokens: int64s(N, N) },
    outputs: { logits: floats(N, prior.codebookSize) },
  }),
  decoder: ({ decoder, prior }) => ({
    inputs: { image_tokens: int64s(N, prior.positions, prior.codesPerPosition) },
    outputs: { pixels: floats(N, decoder.channels, decoder.imageSize, decoder.imageSize) },
  }),
  encoder: ({ encoder, prior }) => ({
    inputs: { pixels: floats(N, encoder.channels, encoder.imageSize, encoder.imageSize) },
    outputs: { image_tokens: int64s(N, prior.positions, prior.codesPerPosition) },
  }),
  sentenceEncoder: ({ memory }) => ({
    inputs: { input_ids: int64s(N, N), attention_mask: int64s(N, N) },
    outputs: { sentence: floats(N, memory?.sentenceEncoder.width ?? N) },
  }),
};
