/** What the bundle remembers: pictures with their tokens and embeddings, and the things they show. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BundleError } from '../../domain/errors.js';
import type { PictureSource } from '../../domain/picture.js';
import type { Bundle } from '../bundle/bundle.js';
import { normalise } from '../embedding.js';

/** Something that can be asked for by words. */
export interface MemoryThing {
  /** English. */
  readonly label: string;
  /** The emoji character, where there is one. */
  readonly emoji: string | null;
  /** Rows of the pictures that show it. */
  readonly pictures: readonly number[];
  /** By language: its name, then keywords. */
  readonly phrases: Readonly<Record<string, readonly string[]>>;
}

export interface MemoryPicture {
  readonly style: string;
  readonly source: PictureSource;
  /** [P × G] */
  readonly tokens: Uint16Array;
  /** Unit-norm CLIP image embedding [D]. */
  readonly embedding: Float32Array;
}

const indexSchema = z.object({
  sources: z.array(z.object({ set: z.string(), licence: z.string(), author: z.string() })),
  pictures: z.array(z.tuple([z.int().min(0), z.string(), z.string()])),
  things: z.array(
    z.object({
      label: z.string(),
      emoji: z.string().nullable(),
      pictures: z.array(z.int().min(0)).min(1),
      phrases: z.record(z.string(), z.array(z.string())),
    }),
  ),
});

type MemoryIndex = z.infer<typeof indexSchema>;

export class Memory {
  readonly #index: MemoryIndex;
  readonly #tokens: Uint16Array;
  /** int8 rows, each at a scale of its own. */
  readonly #embeddings: Int8Array;
  /** Unit vectors of the English phrases, int8 rows at a scale of their own; docs/bundle-format.md has their order. */
  readonly phraseVectors: Int8Array;

  private constructor(index: MemoryIndex, tokens: Uint16Array, embeddings: Int8Array, phraseVectors: Int8Array) {
    this.#index = index;
    this.#tokens = tokens;
    this.#embeddings = embeddings;
    this.phraseVectors = phraseVectors;
  }

  /** @throws BundleError when a file does not agree with bundle.json or the others. */
  static async open({ dir, manifest }: Bundle): Promise<Memory | undefined> {
    const { memory, prior, embeddingWidth } = manifest;
    if (memory === null) {
      return undefined;
    }
    const read = async (file: string, length: number) => {
      const bytes = await readFile(join(dir, file));
      if (bytes.length !== length) {
        throw new BundleError(`Expected ${length} bytes in ${file} but it has ${bytes.length}.`);
      }
      // A buffer of its own, so that other kinds of numbers may be seen in it.
      return new Uint8Array(bytes).buffer;
    };
    const { pictureCount, phraseCount } = memory;
    const tokens = await read(memory.tokens, 2 * pictureCount * prior.positions * prior.codesPerPosition);
    const embeddings = await read(memory.embeddings, pictureCount * embeddingWidth);
    const phrases = await read(memory.phraseVectors, phraseCount * memory.sentenceEncoder.width);
    const index = parseIndex(await readFile(join(dir, memory.index), 'utf8'), memory.index);
    if (index.pictures.length !== pictureCount || index.things.length !== memory.thingCount) {
      throw new BundleError(
        `Expected ${pictureCount} pictures and ${memory.thingCount} things in ${memory.index} but it has ${index.pictures.length} and ${index.things.length}.`,
      );
    }
    if (index.things.some((thing) => thing.pictures.some((row) => row >= pictureCount))) {
      throw new BundleError(`${memory.index} names a picture that it does not have.`);
    }
    return new Memory(index, new Uint16Array(tokens), new Int8Array(embeddings), new Int8Array(phrases));
  }

  get things(): readonly MemoryThing[] {
    return this.#index.things;
  }

  styleOf(row: number): string {
    return this.#index.pictures[row]?.[1] ?? '';
  }

  /** @throws RangeError when there is no such row */
  picture(row: number): MemoryPicture {
    const { pictures, sources } = this.#index;
    const [at, style, name] = pictures[row] ?? [];
    const source = at === undefined ? undefined : sources[at];
    if (style === undefined || name === undefined || source === undefined) {
      throw new RangeError(`Expected one of ${pictures.length} pictures but received ${row}`);
    }
    return {
      style,
      source: { name, set: source.set, author: source.author, licence: source.licence },
      tokens: rowOf(this.#tokens, row, pictures.length),
      embedding: normalise(rowOf(this.#embeddings, row, pictures.length)),
    };
  }
}

/** Row `row` of `count` rows that lie one behind the other. */
function rowOf<T extends Uint16Array | Int8Array>(values: T, row: number, count: number): T {
  const width = values.length / count;
  return values.slice(row * width, (row + 1) * width) as T;
}

function parseIndex(json: string, file: string): MemoryIndex {
  try {
    return indexSchema.parse(JSON.parse(json));
  } catch (cause) {
    throw new BundleError(`${file} is not a readable memory.`, { cause });
  }
}
