/** Phrases → sentence vectors, to be compared with those of the memory's phrases: words with words. */

import { floatsOf, int64Tensor, type Session } from '../bundle/onnx.js';
import type { BundleManifest } from '../bundle/schema.js';
import { normalise } from '../embedding.js';
import type { TextTokenizer } from '../words/tokenizer.js';

type Settings = NonNullable<BundleManifest['memory']>['sentenceEncoder'];

export class SentenceEncoder {
  readonly #session: Session;
  readonly #tokenizer: TextTokenizer;
  readonly #settings: Pick<Settings, 'contextLength' | 'width'>;

  constructor(session: Session, tokenizer: TextTokenizer, settings: Pick<Settings, 'contextLength' | 'width'>) {
    this.#session = session;
    this.#tokenizer = tokenizer;
    this.#settings = settings;
  }

  /** Unit vectors [S], one a text, from one run. */
  async encode(texts: readonly string[]): Promise<readonly Float32Array[]> {
    if (texts.length === 0) {
      return [];
    }
    const { contextLength, width } = this.#settings;
    const dims = [texts.length, contextLength];
    const ids = new BigInt64Array(texts.length * contextLength);
    const mask = new BigInt64Array(texts.length * contextLength);
    for (const [row, text] of texts.entries()) {
      const { inputIds, attentionMask } = this.#tokenizer.tokenize(text);
      ids.set(inputIds, row * contextLength);
      mask.set(attentionMask, row * contextLength);
    }
    const feeds = { input_ids: int64Tensor(ids, dims), attention_mask: int64Tensor(mask, dims) };
    const vectors = floatsOf(await this.#session.run(feeds), 'sentence');
    return texts.map((_, row) => normalise(vectors.subarray(row * width, (row + 1) * width)));
  }
}
