/** The seam between whoever wants pictures and whatever makes them. No runtime, no Discord: types only. */
import type { Embedding } from '../domain/embedding.js';
import type { PictureCondition, PictureSource, VariationStrength } from '../domain/picture.js';
import type { SamplingSettings } from '../domain/sampling.js';

/** What became of a prompt's words, each part as the member wrote it. */
export interface WordsRead {
  readonly understood: readonly string[];
  /** Parts that no phrase of the memory comes near to: they are painted by CLIP alone. */
  readonly unknown: readonly string[];
}

/** What the pictures are made from. Everything becomes one unit-norm CLIP embedding a picture. */
export type Condition =
  | { readonly kind: 'text'; readonly prompt: string; readonly style?: string }
  /** An encoded picture (PNG, JPEG, WebP, GIF), as uploaded: bytes are checked, never trusted. */
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  /** A stored embedding: the text encoder is not run. `pictures`: what the stored pictures were painted from, in turns. */
  | {
      readonly kind: 'embedding';
      readonly embedding: Embedding;
      readonly pictures?: readonly PictureCondition[];
    }
  /** A stored embedding moved on the sphere towards one stored picture's own image embedding, plus noise. */
  | {
      readonly kind: 'variation';
      readonly embedding: Embedding;
      readonly imageTokens: Uint16Array;
      readonly strength: VariationStrength;
      /** What the stored picture leaned on: its variations lean on the same. */
      readonly sources?: readonly PictureSource[];
    };

export interface PaintRequest {
  readonly condition: Condition;
  /** Pictures wanted, 1–16. */
  readonly count: number;
  /** 0 to 2^32 − 1. Candidate i draws from its own generator, seeded by (seed, i). */
  readonly seed: number;
  readonly sampling?: Partial<SamplingSettings>;
  /** Steps between previews; 0 or absent: none. */
  readonly previewEverySteps?: number;
}

export interface PaintProgress {
  readonly stage: 'encode' | 'generate' | 'decode' | 'rank';
  /** 0–1 over the whole request. */
  readonly fraction: number;
  /** A half-drawn grid as PNG, when asked for. */
  readonly preview?: Uint8Array;
}

export interface PaintOptions {
  /** Checked between transformer steps; the promise rejects with AbortedError once the slot is really free. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PaintProgress) => void;
}

/** Tokens and not pixels: whoever wants to look at it has it rendered, at the size that is wanted. */
export interface PaintedPicture {
  /** What `tessera imagine --seed` of one picture would need: (request seed, candidate index) folded into one number. */
  readonly seed: number;
  /** positions × codesPerPosition tokens, row by row: the picture can be decoded again from these, exactly. */
  readonly imageTokens: Uint16Array;
  /** Cosine similarity of the picture's CLIP embedding and the condition, −1 to 1. */
  readonly fit: number;
  /** Absent where every picture of the request was painted from the result's one embedding. */
  readonly condition?: PictureCondition;
}

export interface PaintTimings {
  readonly loadMs: number;
  readonly encodeMs: number;
  readonly generateMs: number;
  readonly decodeMs: number;
  readonly rankMs: number;
  readonly totalMs: number;
}

export interface PaintResult {
  /** The embedding that was used and the bundle that painted, to be stored with the job. */
  readonly embedding: Embedding;
  readonly sampling: SamplingSettings;
  /** How the prompt was read; absent where nothing was read, or the bundle has no memory. */
  readonly words?: WordsRead;
  /** Best fit first. */
  readonly pictures: readonly PaintedPicture[];
  readonly timings: PaintTimings;
}

export interface RenderRequest {
  /** One entry a picture; several are laid out as a grid (2 columns up to 4 pictures, then 3, then 4). */
  readonly imageTokens: readonly Uint16Array[];
  /** Edge of one picture in pixels, 32–1024; edges stay sharp. Absent: the bundle's own size. */
  readonly sizePx?: number;
  /** The answer is re-encoded smaller until it fits; it rejects with PictureTooLargeError when it cannot. */
  readonly maxBytes?: number;
}

export interface RenderedPicture {
  readonly png: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Phrase {
  readonly text: string;
  /** Cosine similarity, −1 to 1. */
  readonly fit: number;
}

/** What a member may know of the model in use. */
export interface BundleSummary {
  /** `name@version`: embeddings and tokens mean something to the very weights that made them alone. */
  readonly id: string;
  /** SHA-256 over the manifest, which holds those of all files: two bundles of one id are told apart by it. */
  readonly checksum: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly pictureSizePx: number;
  readonly styles: readonly string[];
  readonly sampling: SamplingSettings;
  readonly metrics: Readonly<Record<string, number | string>>;
}

/** Makes pictures. The pipeline itself, the local worker process and a remote machine all look like this. */
export interface Painter {
  paint(request: PaintRequest, options?: PaintOptions): Promise<PaintResult>;
  /** Stored tokens → one PNG: a single picture or a grid. */
  render(request: RenderRequest): Promise<RenderedPicture>;
  /** The phrases nearest to a picture, best first. */
  describe(image: Uint8Array, count?: number): Promise<readonly Phrase[]>;
  /** An encoded picture (bytes checked, pixels bounded) → its CLIP embedding; InputError when it cannot be read. */
  embedImage(image: Uint8Array): Promise<Embedding>;
  summary(): Promise<BundleSummary>;
  close(): Promise<void>;
}
