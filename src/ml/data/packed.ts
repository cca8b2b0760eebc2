import type { RgbImage } from '../augment/image.ts';
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

/**
 * What a packed dataset keeps of its images: both views as pixels, or their files as they are, from which the same pixels
 * are made whenever they are read.
 */
export type Keep = 'decoded' | 'encoded';

/** `dataset.json` of a packed dataset: everything but the pixels. */
export interface PackedManifest {
  /** 2 where files are kept: those who know pixels only shall not go wrong. */
  readonly format: 1 | 2;
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

/** What a split has in either form. Files: `<split>.labels` (int32 LE), `<split>.names` (JSON list). */
interface SplitFacts {
  readonly count: number;
  readonly labels: Int32Array;
  /** Origin of each image, for predictions: a path relative to the root, or `<file>#<index>`. */
  readonly names: readonly string[];
}

/** Pictures whose pixels lie in one file, one behind the other. */
export interface PictureFile {
  readonly path: string;
  readonly bytes: number;
  /** Triples: offset, height, width of each picture. */
  readonly index: Float64Array;
}

/**
 * A split whose pixels are kept, on disk or in the page cache; reading is synchronous and random. Files:
 * `<split>.<view>.pixels` (uint8) and `<split>.<view>.index` (float64 LE triples: offset, height, width).
 */
export interface DecodedSplit extends SplitFacts {
  readonly keep: 'decoded';
  /** One image in a view: a fresh or shared uint8 [height, width, 3], valid until the next one is read. */
  image(view: View, index: number): RgbImage;
  /** Size of one image in a view, without reading it. */
  size(view: View, index: number): Pick<RgbImage, 'height' | 'width'>;
  /**
   * Where a view lies; null where it is in no file.
   *
   * @throws FailureError `damaged-dataset`
   */
  file(view: View): PictureFile | null;
}

/**
 * A split whose files are kept: reading decodes, on threads of the process, and resizes. Files: `<split>.files` (the bytes of all),
 * `<split>.files.index` (float64 LE triples: offset, CRC-32 of the `train` view, CRC-32 of the `eval` view; then the end of
 * the last file) and `<split>.files.boxes` (float64 LE: left, top, width, height of what counts of each picture; empty where
 * all of it does).
 */
export interface EncodedSplit extends SplitFacts {
  readonly keep: 'encoded';
  /**
   * One image in a view: a fresh uint8 [height, width, 3], the same as in the decoded form.
   *
   * @throws FailureError `damaged-dataset` where it is not, after a change of the file or of the decoder
   */
  image(view: View, index: number): Promise<RgbImage>;
}

/** One split of a packed dataset, opened. */
export type PackedSplit = DecodedSplit | EncodedSplit;

/** A packed dataset, opened from a folder that the `dataset` stage made. */
export interface PackedDataset {
  readonly manifest: PackedManifest;
  split(name: Split): PackedSplit;
  close(): void;
}
