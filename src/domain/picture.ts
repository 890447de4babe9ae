export type VariationStrength = 'subtle' | 'strong';

/** A picture of the bundle's memory: what a painting leaned on, and whom to thank for it. */
export interface PictureSource {
  /** As its set calls it. */
  readonly name: string;
  readonly set: string;
  readonly author: string;
  /** SPDX identifier. */
  readonly licence: string;
}

/** What one picture was painted from. It is stored with the picture: rerolls and variations use it again. */
export interface PictureCondition {
  /** Unit-norm CLIP embedding [D] that conditioned this very picture. */
  readonly embedding: Float32Array;
  /** Tokens [P × G] that its own were drawn towards; absent where no memory was read. */
  readonly guideTokens?: Uint16Array;
  /** How strongly; absent: as strongly as the bundle draws towards single pictures. */
  readonly guidePull?: number;
  /** Pictures of the memory that it leans on; empty where none was read. */
  readonly sources: readonly PictureSource[];
}
