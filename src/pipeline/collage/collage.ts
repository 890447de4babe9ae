/** A scene laid out from pictures that are there already. */

import type { PlanarPicture } from '../picture/pixels.js';
import type { ColourName, Relation } from '../words/scene.js';
import { boxesOfCopies, FACE, ON_BACKGROUND, ON_HEAD, OVER_EYES, regionsOfParts, WEARER, WHOLE } from './layout.js';
import { emptyPicture, featuresOf, onColour, paste, tint } from './picture.js';

export interface CollagePart {
  readonly picture: PlanarPicture;
  /** Copies, 1–6. */
  readonly count: number;
  readonly colour?: ColourName | undefined;
  /** A face emoji, whose features the thing gets. */
  readonly face?: PlanarPicture | undefined;
  readonly wears: readonly { readonly picture: PlanarPicture; readonly isOverEyes: boolean }[];
}

export interface CollageLayout {
  readonly relation: Relation;
  readonly background?: ColourName | undefined;
}

/** The parts as one premultiplied RGBA picture, `size` pixels a side; see-through where no background is asked for. */
export function layOutCollage(
  parts: readonly CollagePart[],
  { relation, background }: CollageLayout,
  size: number,
): PlanarPicture {
  const canvas = emptyPicture(size);
  const regions = regionsOfParts(parts.length, relation);
  // A thing that touches every edge would leave no background to be seen.
  const shrink = background === undefined ? 1 : ON_BACKGROUND;
  for (const [index, part] of parts.entries()) {
    const dressed = dress(part, size);
    for (const box of boxesOfCopies(part.count, regions[index] ?? WHOLE)) {
      paste(canvas, dressed, [0.5 + (box[0] - 0.5) * shrink, 0.5 + (box[1] - 0.5) * shrink, box[2] * shrink]);
    }
  }
  return background === undefined ? canvas : onColour(canvas, background);
}

/** One copy of a part: coloured, with its face, wearing what it wears. */
function dress({ picture, colour, face, wears }: CollagePart, size: number): PlanarPicture {
  const thing = colour === undefined ? picture : tint(picture, colour);
  if (face === undefined && wears.length === 0) {
    return thing;
  }
  const canvas = emptyPicture(size);
  paste(canvas, thing, wears.length > 0 ? WEARER : WHOLE);
  if (face !== undefined) {
    paste(canvas, featuresOf(face), FACE);
  }
  for (const worn of wears) {
    paste(canvas, worn.picture, worn.isOverEyes ? OVER_EYES : ON_HEAD);
  }
  return canvas;
}
