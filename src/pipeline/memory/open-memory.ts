/** The parts of a bundle's memory, put together. */

import type { Bundle } from '../bundle/bundle.js';
import type { BundleSessions } from '../bundle/sessions.js';
import type { ConditionerParts } from '../condition.js';
import { type PictureDecoder, PictureEncoder } from '../picture/codec.js';
import type { ImageEncoder } from '../picture/vision.js';
import { PhraseVectors } from '../words/phrase-vectors.js';
import { PromptReader } from '../words/prompt-reader.js';
import { TextTokenizer } from '../words/tokenizer.js';
import { Memory } from './memory.js';
import { SceneConditions } from './scene-conditions.js';
import { SentenceEncoder } from './sentence-encoder.js';

/**
 * How a bundle reads prompts and what its pictures then lean on; undefined for a bundle without a memory.
 *
 * @throws BundleError when its files do not fit together.
 */
export async function openMemory(
  bundle: Bundle,
  sessions: BundleSessions,
  parts: { readonly imageEncoder: ImageEncoder; readonly pictureDecoder: PictureDecoder },
): Promise<ConditionerParts['memory']> {
  const { dir, manifest } = bundle;
  if (manifest.memory === null) {
    return undefined;
  }
  const { sentenceEncoder } = manifest.memory;
  const [memory, session, tokenizer, encoder] = await Promise.all([
    Memory.open(bundle),
    sessions.get('sentenceEncoder'),
    TextTokenizer.open(
      `${dir}/${sentenceEncoder.tokenizer}`,
      sentenceEncoder.contextLength,
      sentenceEncoder.padTokenId,
    ),
    sessions.get('encoder'),
  ]);
  if (memory === undefined) {
    return undefined;
  }
  const sentences = new SentenceEncoder(session, tokenizer, sentenceEncoder);
  const reader = new PromptReader({
    things: memory.things,
    vectors: new PhraseVectors(memory.phraseVectors, sentenceEncoder.width),
    encode: (texts) => sentences.encode(texts),
    styles: manifest.styles.map(({ name }) => name),
  });
  const scenes = new SceneConditions({
    manifest,
    memory,
    decoder: parts.pictureDecoder,
    encoder: new PictureEncoder(encoder, manifest.encoder),
    imageEncoder: parts.imageEncoder,
  });
  return { reader, scenes };
}
