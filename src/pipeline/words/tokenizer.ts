/** Words → the token ids that the text encoder was trained on. */

import { readFile } from 'node:fs/promises';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { BundleError } from '../../domain/errors.js';

export interface TokenizedText {
  /** [L], padded. */
  readonly inputIds: BigInt64Array;
  /** [L], 1 for a token and 0 for padding. */
  readonly attentionMask: BigInt64Array;
}

export class TextTokenizer {
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #contextLength: number;
  readonly #padTokenId: number;

  constructor(tokenizer: HuggingFaceTokenizer, contextLength: number, padTokenId: number) {
    this.#tokenizer = tokenizer;
    this.#contextLength = contextLength;
    this.#padTokenId = padTokenId;
  }

  /** @throws BundleError when the file at `path` is no tokenizer.json that the library understands. */
  static async open(path: string, contextLength: number, padTokenId: number): Promise<TextTokenizer> {
    try {
      const description: unknown = JSON.parse(await readFile(path, 'utf8'));
      if (typeof description !== 'object' || description === null) {
        throw new TypeError('Expected an object.');
      }
      return new TextTokenizer(new HuggingFaceTokenizer(description, {}), contextLength, padTokenId);
    } catch (cause) {
      throw new BundleError(`${path} is not a readable tokenizer.json.`, { cause });
    }
  }

  /**
   * Exactly `contextLength` ids. A longer text loses words before its last token, so that the closing special token,
   * which some encoders read the embedding from, is always there.
   */
  tokenize(text: string): TokenizedText {
    const { ids }: { ids: readonly number[] } = this.#tokenizer.encode(text);
    const kept = ids.length <= this.#contextLength ? ids : [...ids.slice(0, this.#contextLength - 1), ...ids.slice(-1)];
    const inputIds = new BigInt64Array(this.#contextLength).fill(BigInt(this.#padTokenId));
    const attentionMask = new BigInt64Array(this.#contextLength);
    kept.forEach((id, index) => {
      inputIds[index] = BigInt(id);
      attentionMask[index] = 1n;
    });
    return { inputIds, attentionMask };
  }
}
