import type { TrainedModel } from '../inference/trained-model.ts';

/** Files by their paths in the export's folder, with `/`. */
export type Files = ReadonlyMap<string, Uint8Array | string>;

/** Normalised images. */
export interface Images {
  readonly count: number;
  /** float32 [count, height, width, 3]. */
  readonly values: Float32Array;
}

/** Logits that an export gave, and who computed them; or why nobody could. */
export type Logits =
  | { readonly values: ArrayLike<number>; readonly by: string }
  /** A half sentence. */
  | { readonly unavailable: string };

/** A form in which a network is taken away. A new one is one file and one line in `registry.ts`. */
export interface ExportFormat {
  /** The file that holds the weights, or the folder that holds all files. */
  readonly file: string;
  /** One line for help and docs. */
  readonly summary: string;
  /** Most images that its check is shown, where what computes it is slow; all of them by default. */
  readonly mostShown?: number;
  /**
   * Writes a network.
   *
   * @param model - network, weights, classes and what its pictures are like
   * @returns the files
   */
  readonly files: (model: TrainedModel) => Files;
  /**
   * Has files of the format computed by a program that they are made for.
   *
   * @param folder - where they lie
   * @param model - what they were made of
   * @param images - what is shown
   * @returns logits [count, classes], rows dense
   */
  readonly logits: (folder: string, model: TrainedModel, images: Images) => Promise<Logits>;
}
