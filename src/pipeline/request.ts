/** Whether a request can be painted, said in words before anything is run. */

import { charCount, MAX_CANDIDATES, MAX_PICTURES, MAX_PROMPT_CHARS, MAX_SEED, RENDERED_PX } from '../domain/bounds.js';
import { type Embedding, fits } from '../domain/embedding.js';
import { expected, OtherModelError } from '../domain/errors.js';
import type { PictureCondition } from '../domain/picture.js';
import type { SamplingSettings } from '../domain/sampling.js';
import type { Condition, PaintRequest, RenderRequest } from '../painter/painter.js';
import { type BundleManifest, bundleId } from './bundle/schema.js';
import { dot, normalise } from './embedding.js';

/** A request with every default filled in. */
export interface CheckedRequest {
  readonly condition: Condition;
  readonly count: number;
  readonly seed: number;
  readonly sampling: SamplingSettings;
  readonly previewEverySteps: number;
}

/**
 * Fills in the bundle's defaults. The default number of candidates grows to the number of pictures asked for.
 *
 * @throws InputError naming the first field that is wrong, what was expected and what came.
 */
export function checkPaintRequest(request: PaintRequest, manifest: BundleManifest): CheckedRequest {
  const { count, seed, previewEverySteps = 0 } = request;
  requireInteger(count, 1, MAX_PICTURES, 'count');
  requireInteger(seed, 0, MAX_SEED, 'seed');
  requireInteger(previewEverySteps, 0, Number.MAX_SAFE_INTEGER, 'previewEverySteps');
  return {
    condition: checkCondition(request.condition, manifest),
    count,
    seed,
    sampling: checkSampling(request.sampling ?? {}, count, manifest.sampling),
    previewEverySteps,
  };
}

/** @throws InputError */
function checkSampling(asked: Partial<SamplingSettings>, count: number, defaults: SamplingSettings): SamplingSettings {
  const sampling = {
    temperature: asked.temperature ?? defaults.temperature,
    topK: asked.topK ?? defaults.topK,
    topP: asked.topP ?? defaults.topP,
    guidanceScale: asked.guidanceScale ?? defaults.guidanceScale,
    candidateCount: asked.candidateCount ?? Math.max(count, defaults.candidateCount),
  };
  requireNumber(sampling.temperature, 0, 5, 'temperature');
  requireInteger(sampling.topK, 0, Number.MAX_SAFE_INTEGER, 'topK');
  if (!(sampling.topP > 0 && sampling.topP <= 1)) {
    throw expected('a number above 0 and up to 1', 'topP', sampling.topP);
  }
  requireNumber(sampling.guidanceScale, 0, 20, 'guidanceScale');
  requireInteger(sampling.candidateCount, count, MAX_CANDIDATES, 'candidateCount');
  return sampling;
}

/** @throws InputError */
export function checkRenderRequest(request: RenderRequest, manifest: BundleManifest): void {
  const { imageTokens, sizePx, maxBytes } = request;
  if (!Array.isArray(imageTokens) || imageTokens.length < 1 || imageTokens.length > MAX_PICTURES) {
    throw expected(`1 to ${MAX_PICTURES} pictures`, 'imageTokens', imageTokens);
  }
  for (const tokens of imageTokens) {
    checkImageTokens(tokens, manifest);
  }
  if (sizePx !== undefined) {
    requireInteger(sizePx, RENDERED_PX.min, RENDERED_PX.max, 'sizePx');
  }
  if (maxBytes !== undefined) {
    requireInteger(maxBytes, 1, Number.MAX_SAFE_INTEGER, 'maxBytes');
  }
}

/** The words to encode: the prompt without outer white space, and the style's suffix. @throws InputError */
export function promptWithStyle(prompt: string, style: string | undefined, manifest: BundleManifest): string {
  const words = checkPrompt(prompt);
  if (style === undefined) {
    return words;
  }
  const known = manifest.styles.find(({ name }) => name === style);
  if (known !== undefined) {
    return words + known.suffix;
  }
  const names = manifest.styles.map(({ name }) => name).join(', ');
  throw expected(names === '' ? 'no style, as this bundle has none,' : `one of ${names}`, 'style', style);
}

function checkPrompt(prompt: unknown): string {
  if (typeof prompt !== 'string') {
    throw expected('text', 'prompt', prompt);
  }
  const words = prompt.trim();
  const range = `1 to ${MAX_PROMPT_CHARS} characters`;
  if (words === '') {
    throw expected(range, 'prompt', prompt);
  }
  // Characters as people count them, and not UTF-16 units; a text beyond twice the limit is not counted at all.
  if (words.length > 2 * MAX_PROMPT_CHARS || charCount(words) > MAX_PROMPT_CHARS) {
    throw expected(range, 'prompt', `${words.slice(0, 60)}… (${words.length})`);
  }
  return words;
}

function checkCondition(condition: Condition, manifest: BundleManifest): Condition {
  switch (condition.kind) {
    case 'text':
      promptWithStyle(condition.prompt, condition.style, manifest);
      return condition;
    case 'image':
      return condition; // picture-input looks at the bytes.
    case 'embedding': {
      const { pictures } = condition;
      const checked = { ...condition, embedding: checkEmbedding(condition.embedding, manifest) };
      if (pictures === undefined) {
        return checked;
      }
      return { ...checked, pictures: pictures.map((picture) => checkPictureCondition(picture, manifest)) };
    }
    case 'variation':
      if (condition.strength !== 'subtle' && condition.strength !== 'strong') {
        throw expected('subtle or strong', 'strength', condition.strength);
      }
      checkImageTokens(condition.imageTokens, manifest);
      return { ...condition, embedding: checkEmbedding(condition.embedding, manifest) };
    default:
      throw expected('text, image, embedding or variation', 'condition', (condition as { kind?: unknown }).kind);
  }
}

function checkPictureCondition(condition: PictureCondition, manifest: BundleManifest): PictureCondition {
  if (condition.guideTokens !== undefined) {
    checkImageTokens(condition.guideTokens, manifest);
  }
  return { ...condition, embedding: checkVector(condition.embedding, manifest) };
}

/** @throws OtherModelError when another bundle made it, InputError when it is none */
function checkEmbedding({ vector, bundle }: Embedding, manifest: BundleManifest): Embedding {
  const id = bundleId(manifest);
  if (!fits({ vector, bundle }, id)) {
    throw new OtherModelError(bundle, id);
  }
  return { vector: checkVector(vector, manifest), bundle };
}

function checkVector(embedding: unknown, { embeddingWidth }: BundleManifest): Float32Array {
  const what = `${embeddingWidth} float32 numbers that are not all zero`;
  if (!(embedding instanceof Float32Array) || embedding.length !== embeddingWidth) {
    throw expected(what, 'embedding', embedding instanceof Float32Array ? `${embedding.length} numbers` : embedding);
  }
  const squaredLength = dot(embedding, embedding);
  if (!(squaredLength > 0 && Number.isFinite(squaredLength))) {
    throw expected(what, 'embedding', 'other numbers');
  }
  // What we stored ourselves is used as it is: normalising it once more could change its last bits.
  return Math.abs(squaredLength - 1) < 1e-4 ? embedding : normalise(embedding);
}

function checkImageTokens(tokens: unknown, { prior }: BundleManifest): void {
  const length = prior.positions * prior.codesPerPosition;
  if (!(tokens instanceof Uint16Array) || tokens.length !== length) {
    throw expected(`${length} tokens`, 'imageTokens', tokens instanceof Uint16Array ? `${tokens.length}` : tokens);
  }
  const wrong = tokens.find((token) => token >= prior.codebookSize);
  if (wrong !== undefined) {
    throw expected(`tokens below ${prior.codebookSize}`, 'imageTokens', wrong);
  }
}

function requireInteger(value: unknown, min: number, max: number, name: string): void {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw expected(
      max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`,
      name,
      value,
    );
  }
}

function requireNumber(value: unknown, min: number, max: number, name: string): void {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw expected(`a number from ${min} to ${max}`, name, value);
  }
}
