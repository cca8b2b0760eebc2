import type { RgbImage } from '../../augment/image.ts';
import type { Tape } from './tape.ts';

/**
 * A row of float64 as the bytes of an index, little endian.
 *
 * @param values - of the row
 * @returns 8 bytes each
 */
export function rowOf(...values: readonly number[]): Uint8Array {
  const row = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, at) => row.setFloat64(8 * at, value, true));
  return new Uint8Array(row.buffer);
}

/** Writes one view of one split: pixels appended to one tape, an index of (offset, height, width) to another. */
export class ViewWriter {
  readonly #pixels: Tape;
  readonly #index: Tape;

  /**
   * Goes on where the tapes are.
   *
   * @param pixels - of all images
   * @param index - of the same images
   */
  constructor(pixels: Tape, index: Tape) {
    this.#pixels = pixels;
    this.#index = index;
  }

  /**
   * Appends an image.
   *
   * @param image - kept until it is written: don't change its pixels
   */
  add({ pixels, height, width }: RgbImage): void {
    this.#index.append(rowOf(this.#pixels.length, height, width));
    this.#pixels.append(pixels);
  }
}
