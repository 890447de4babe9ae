/** Where the parts of a scene go, in units of the picture. */

import type { Relation } from '../words/scene.js';
import type { Box } from './picture.js';

/** One to six copies of a thing, much as in training (training/tessera_training/data/compose.py), but never touching: they are to be counted. */
const COPIES: readonly (readonly Box[])[] = [
  [[0.5, 0.5, 1]],
  [
    [0.25, 0.5, 0.44],
    [0.75, 0.5, 0.44],
  ],
  [
    [0.25, 0.74, 0.44],
    [0.75, 0.74, 0.44],
    [0.5, 0.25, 0.44],
  ],
  [
    [0.25, 0.25, 0.44],
    [0.75, 0.25, 0.44],
    [0.25, 0.75, 0.44],
    [0.75, 0.75, 0.44],
  ],
  [
    [0.2, 0.2, 0.36],
    [0.8, 0.2, 0.36],
    [0.5, 0.5, 0.34],
    [0.2, 0.8, 0.36],
    [0.8, 0.8, 0.36],
  ],
  [
    [0.17, 0.3, 0.29],
    [0.5, 0.3, 0.29],
    [0.83, 0.3, 0.29],
    [0.17, 0.7, 0.29],
    [0.5, 0.7, 0.29],
    [0.83, 0.7, 0.29],
  ],
];

/** The boxes of `count` copies inside `region`. `count` 1–6. */
export function boxesOfCopies(count: number, [cx, cy, edge]: Box): readonly Box[] {
  const boxes = COPIES[count - 1] ?? COPIES[COPIES.length - 1] ?? [];
  return boxes.map(([x, y, size]) => [cx + (x - 0.5) * edge, cy + (y - 0.5) * edge, size * edge]);
}

/** One region a part, the first part's first. `count` 1–4. */
export function regionsOfParts(count: number, relation: Relation): readonly Box[] {
  if (count === 2) {
    if (relation === 'holding') {
      return [
        [0.38, 0.58, 0.76],
        [0.78, 0.28, 0.44],
      ];
    }
    const upper: Box = [0.5, 0.26, 0.52];
    const lower: Box = [0.5, 0.74, 0.52];
    if (relation === 'above') {
      return [upper, lower];
    }
    if (relation === 'below') {
      return [lower, upper];
    }
    // One before the other: side by side they would be no larger than two of four.
    return [
      [0.3, 0.34, 0.58],
      [0.7, 0.66, 0.58],
    ];
  }
  return boxesOfCopies(count, WHOLE);
}

export const WHOLE: Box = [0.5, 0.5, 1];
/** Size of a scene in front of a background, of its size without. */
export const ON_BACKGROUND = 0.82;
/** A thing that wears something, and what it wears: on the head, or over the eyes. */
export const WEARER: Box = [0.5, 0.59, 0.8];
export const ON_HEAD: Box = [0.5, 0.21, 0.44];
export const OVER_EYES: Box = [0.5, 0.52, 0.56];
/** A face on a thing. */
export const FACE: Box = [0.5, 0.54, 0.6];
