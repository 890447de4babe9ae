/** How much each code looks like the one that a guide has at its position. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BundleError } from '../../domain/errors.js';
import type { Bundle, BundleManifest } from '../bundle/bundle.js';
import { halvesToFloats } from '../bundle/half.js';

/**
 * The vectors of the VQGAN's codes [G × K × C], for drawing tokens towards those of a picture that is there already.
 *
 * With r what the guide still has to say at this position and c the vector of a code, the logits grow by
 *
 *     pull · (r·c − ½‖c‖²),   which is −½·pull·‖r − c‖² but for a constant
 *
 * so that the token is drawn from the product of two experts (Hinton 2002): the prior, which knows what follows from the
 * condition and from what is drawn already, and a Gaussian around the guide. Codes that look alike are preferred alike:
 * a guide is followed, not copied. Where the codes of a cell share its vector (product quantisation) r is the guide's
 * code; where each refines those before it (residual) r is the guide's whole vector less what is drawn of it.
 */
export class CodeBook {
  /** ½‖c‖² of every code [G × K]. */
  readonly #halfSquares: Float32Array;
  readonly #rest: Float32Array;
  readonly #result: Float32Array;
  readonly #codes: Float32Array;
  readonly #prior: Pick<BundleManifest['prior'], 'codesPerPosition' | 'codebookSize'>;
  readonly #isResidual: boolean;

  constructor(
    codes: Float32Array,
    prior: Pick<BundleManifest['prior'], 'codesPerPosition' | 'codebookSize'>,
    isResidual: boolean,
  ) {
    this.#codes = codes;
    this.#prior = prior;
    this.#isResidual = isResidual;
    const { codesPerPosition, codebookSize } = prior;
    const width = codes.length / (codesPerPosition * codebookSize);
    this.#halfSquares = Float32Array.from({ length: codesPerPosition * codebookSize }, (_, code) => {
      let sum = 0;
      for (let i = 0; i < width; i++) {
        sum += (codes[code * width + i] as number) ** 2;
      }
      return sum / 2;
    });
    this.#rest = new Float32Array(width);
    this.#result = new Float32Array(codebookSize);
  }

  /** @throws BundleError when the file has another length than bundle.json says. */
  static async open({ dir, manifest }: Bundle): Promise<CodeBook | undefined> {
    if (manifest.memory === null) {
      return undefined;
    }
    const { prior, memory } = manifest;
    const codes = halvesToFloats(await readFile(join(dir, memory.codes.file)));
    const wanted = prior.codesPerPosition * prior.codebookSize * memory.codes.width;
    if (codes.length !== wanted) {
      throw new BundleError(`Expected ${wanted} numbers in ${memory.codes.file} but it has ${codes.length}.`);
    }
    return new CodeBook(codes, prior, memory.codes.isResidual);
  }

  /**
   * What is added to the logits [K] of code `code` at `position`; valid until the next call.
   *
   * @param guide Tokens [P × G] to draw towards.
   * @param drawn Tokens [P × G] of the picture itself; those before this code are read.
   */
  preferences(guide: Uint16Array, drawn: Uint16Array, position: number, code: number, pull: number): Float32Array {
    const codes = this.#codes;
    const rest = this.#rest;
    const result = this.#result;
    const halfSquares = this.#halfSquares;
    const { codebookSize } = this.#prior;
    const width = rest.length;
    this.#fillRest(guide, drawn, position, code);
    for (let token = 0; token < codebookSize; token++) {
      const row = code * codebookSize + token;
      let product = 0;
      for (let i = 0; i < width; i++) {
        product += (rest[i] as number) * (codes[row * width + i] as number);
      }
      result[token] = pull * (product - (halfSquares[row] as number));
    }
    return result;
  }

  #fillRest(guide: Uint16Array, drawn: Uint16Array, position: number, code: number): void {
    const { codesPerPosition } = this.#prior;
    const first = position * codesPerPosition;
    this.#rest.fill(0);
    if (!this.#isResidual) {
      this.#addCode(code, guide[first + code] as number, 1);
      return;
    }
    for (let g = 0; g < codesPerPosition; g++) {
      this.#addCode(g, guide[first + g] as number, 1);
    }
    for (let g = 0; g < code; g++) {
      this.#addCode(g, drawn[first + g] as number, -1);
    }
  }

  #addCode(group: number, token: number, sign: 1 | -1): void {
    const codes = this.#codes;
    const rest = this.#rest;
    const start = (group * this.#prior.codebookSize + token) * rest.length;
    for (let i = 0; i < rest.length; i++) {
      rest[i] = (rest[i] as number) + sign * (codes[start + i] as number);
    }
  }
}
