/** A point in CLIP's space, with the model that it means something to. */
export interface Embedding {
  /** Unit-norm float32 [D]. */
  readonly vector: Float32Array;
  /** Id (`name@version`) of the bundle whose CLIP made it. */
  readonly bundle: string;
}

/** Whether a bundle can read it: numbers of other weights mean something else, of whatever length they are. */
export function fits(embedding: Embedding, bundle: string): boolean {
  return embedding.bundle === bundle;
}
