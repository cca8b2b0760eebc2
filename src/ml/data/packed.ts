import type { Interpolation } from '../augment/resize.ts';

/** A split's name. */
export type Split = 'train' | 'val' | 'test';

/**
 * One view of a split's images: packed uint8 RGB pixels, rows top to bottom.
 *
 * - `train`: shorter side resized to R = floor(1.1·S); widths and heights may differ from image to image. Random crops.
 * - `eval`: shorter side resized to floor(S / cropPct), centre-cropped to S×S.
 */
export type View = 'train' | 'eval';

/** `dataset.json` of a packed dataset: everything but the pixels. */
export interface PackedManifest {
  readonly format: 1;
  /** Class names; a label is an index into it. */
  readonly classes: readonly string[];
  /** S: side of a network's input, in pixels. */
  readonly imageSize: number;
  /** R: shorter side of the `train` view, in pixels. */
  readonly trainSize: number;
  /** Mean and standard deviation per channel, of pixels scaled to [0, 1]; normalised = (pixel − mean) / std. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** How images were resized: bilinear unless it is said. */
  readonly interpolation?: Interpolation;
  /** S by the shorter side that the `eval` view was cut from: 1 unless it is said. */
  readonly cropPct?: number;
  readonly splits: Readonly<
    Record<
      Split,
      {
        readonly count: number;
        /** Images per class, in the order of `classes`. */
        readonly perClass: readonly number[];
      }
    >
  >;
}

/**
 * One split of a packed dataset, opened. Pixels stay on disk or in the page cache; reading is synchronous and random.
 * Files: `<split>.labels` (int32 LE), `<split>.names` (JSON list: where each image came from),
 * `<split>.<view>.pixels` (uint8) and `<split>.<view>.index` (float64 LE triples: offset, height, width).
 */
export interface PackedSplit {
  readonly count: number;
  readonly labels: Int32Array;
  /** Origin of each image, for predictions: a path relative to the root, or `<file>#<index>`. */
  readonly names: readonly string[];
  /** Pixels of one image in a view: a fresh or shared uint8 [height, width, 3]. */
  image(view: View, index: number): { readonly pixels: Uint8Array; readonly height: number; readonly width: number };
}

/** A packed dataset, opened from a folder that the `dataset` stage made. */
export interface PackedDataset {
  readonly manifest: PackedManifest;
  split(name: Split): PackedSplit;
  close(): void;
}
