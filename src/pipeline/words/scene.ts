/** What a prompt asks for, once it has been read. */

import type { WordsRead } from '../../painter/painter.js';

const COLOUR_NAMES = [
  'red',
  'orange',
  'yellow',
  'green',
  'blue',
  'purple',
  'pink',
  'brown',
  'black',
  'white',
  'grey',
] as const;
export type ColourName = (typeof COLOUR_NAMES)[number];

/** How the parts of a scene stand to each other; `holding`: the first holds the second. */
export type Relation = 'beside' | 'above' | 'below' | 'holding';

export const MAX_COUNT = 6;
export const MAX_PARTS = 4;

export interface ScenePart {
  /** As the member wrote it. */
  readonly words: string;
  /** Indices of the memory's things, best first; several only where they are as good. Never empty. */
  readonly things: readonly number[];
  /** Copies, 1 to MAX_COUNT. */
  readonly count: number;
  readonly colour?: ColourName;
  /** Face emoji whose features the thing gets. */
  readonly face?: readonly number[];
  /** Hats, crowns and glasses that it wears. */
  readonly wears?: readonly number[];
}

export interface Scene {
  /** At most MAX_PARTS; empty where nothing was understood. */
  readonly parts: readonly ScenePart[];
  readonly relation: Relation;
  /** A colour behind everything; absent: see-through. */
  readonly background?: ColourName;
  readonly style?: string;
  readonly words: WordsRead;
}
