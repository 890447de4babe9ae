/** The phrases that `describe` chooses from, with their embeddings. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BundleError } from '../../domain/errors.js';
import type { Phrase } from '../../painter/painter.js';
import type { Bundle } from '../bundle/bundle.js';
import { halvesToFloats } from '../bundle/half.js';
import { cosine, normalise, shiftToImages } from '../embedding.js';

export class PhraseBook {
  readonly #texts: readonly string[];
  readonly #embeddings: readonly Float32Array[];

  private constructor(texts: readonly string[], embeddings: readonly Float32Array[]) {
    this.#texts = texts;
    this.#embeddings = embeddings;
  }

  /**
   * Phrases are texts: their embeddings are shifted like any text's before pictures are compared with them.
   *
   * @throws BundleError when the bundle has no phrases or its two files do not agree.
   */
  static async open({ dir, manifest }: Bundle): Promise<PhraseBook> {
    if (manifest.phrases === null) {
      throw new BundleError(`The bundle ${manifest.name} has no phrases to describe with.`);
    }
    const texts = readTexts(await readFile(join(dir, manifest.phrases.texts), 'utf8'));
    const bytes = await readFile(join(dir, manifest.phrases.embeddings));
    const width = manifest.embeddingWidth;
    if (bytes.length !== texts.length * width * 2) {
      throw new BundleError(
        `Expected ${texts.length} phrases × ${width} float16 numbers in ${manifest.phrases.embeddings} but it has ${bytes.length} bytes.`,
      );
    }
    const vectors = halvesToFloats(bytes);
    const embeddings = texts.map((_, row) =>
      shiftToImages(normalise(vectors.subarray(row * width, (row + 1) * width)), manifest.calibration),
    );
    return new PhraseBook(texts, embeddings);
  }

  /** The `count` phrases nearest to a unit-norm embedding, best first. */
  nearest(embedding: Float32Array, count: number): readonly Phrase[] {
    return this.#texts
      .map((text, index) => ({ text, fit: cosine(this.#embeddings[index] ?? [], embedding) }))
      .sort((a, b) => b.fit - a.fit)
      .slice(0, count);
  }
}

function readTexts(json: string): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(json));
  } catch (cause) {
    throw new BundleError('The phrases are not a JSON array of strings.', { cause });
  }
}
