import type { RgbImage } from '../augment/image.ts';

/** One image of a source, not decoded yet. */
export interface SourceImage {
  /** Origin, relative to the root: a path with `/`, or `<file>#<index>`. */
  readonly name: string;
  /** Index of its class. */
  readonly label: number;
  /** The split that the source itself puts it in; without it, it is cut into splits with all others. */
  readonly split?: 'val' | 'test';
  /**
   * Decodes it.
   *
   * @throws FailureError with code `bad-image` when it can't be decoded
   */
  read(): RgbImage | Promise<RgbImage>;
}

/** What a source holds, listed in an order that depends on its content alone. */
export interface ImageSet {
  /** Class names; a label is an index into it. */
  readonly classes: readonly string[];
  readonly images: readonly SourceImage[];
  /** S when the user asks for no other: side of a network's input in pixels. */
  readonly naturalSize: number;
}

/** A kind of dataset that the `dataset` stage can read: one file, and one line in the registry. */
export interface DatasetSource {
  /** One sentence for docs and `kdpipe list datasets`. */
  readonly summary: string;
  /** True when images are decoded from files of their own, so that one can be bad and be skipped. */
  readonly decodes: boolean;
  /**
   * Lists the images under a folder and checks what can be checked without decoding.
   *
   * @throws FailureError when the folder is not what the source expects
   */
  open(root: string): Promise<ImageSet>;
}

/** Failure code of an image that can't be decoded: `on_bad_image: skip` forgives this one only. */
export const BAD_IMAGE = 'bad-image';
