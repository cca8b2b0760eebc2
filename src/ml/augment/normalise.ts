import type { CropPlace } from './crop.ts';
import type { RgbImage } from './image.ts';

/** Normalised value of every 8-bit value of every channel: [3, 256], so that a pixel costs one look-up. */
export type NormalisationTable = Float32Array;

/**
 * Tabulates (v/255 − mean) / std for all 8-bit values v.
 *
 * @param mean - of each channel, of pixels scaled to [0, 1]
 * @param std - of each channel, likewise, > 0
 * @returns the table
 */
export function normalisationTable(mean: readonly number[], std: readonly number[]): NormalisationTable {
  return Float32Array.from({ length: 768 }, (_, entry) => {
    const channel = entry >> 8;
    return ((entry & 255) / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1);
  });
}

/** Where a normalised crop goes. */
export interface CropTarget {
  /** Float32 [side, side, 3] from `offset` on. */
  readonly values: Float32Array;
  readonly offset: number;
  readonly side: number;
}

/**
 * Cuts a square out of a picture, mirrors it where asked, and writes it normalised: the hot path of every batch.
 *
 * @param image - the picture
 * @param place - a square of `target.side` that lies within the picture
 * @param table - made by {@link normalisationTable}
 * @param target - where the values go
 */
export function writeNormalised(
  image: RgbImage,
  place: CropPlace,
  table: NormalisationTable,
  target: CropTarget,
): void {
  const { pixels, width } = image;
  const { values, side } = target;
  const step = place.mirrored ? -3 : 3;
  let write = target.offset;
  for (let y = 0; y < side; y++) {
    let read = ((place.top + y) * width + place.left + (place.mirrored ? side - 1 : 0)) * 3;
    for (let x = 0; x < side; x++, read += step, write += 3) {
      values[write] = table[pixels[read] ?? 0] ?? 0;
      values[write + 1] = table[256 + (pixels[read + 1] ?? 0)] ?? 0;
      values[write + 2] = table[512 + (pixels[read + 2] ?? 0)] ?? 0;
    }
  }
}
