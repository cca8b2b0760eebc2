import { byteAt } from '../../../util/at.ts';
import type { RgbImage } from '../../augment/image.ts';

/**
 * Makes an RGB picture of a grey one: three equal channels.
 *
 * @param grey - uint8 [height, width]
 * @param height - pixels
 * @param width - pixels
 * @returns a fresh picture
 */
export function rgbFromGrey(grey: Uint8Array, height: number, width: number): RgbImage {
  const pixels = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) pixels.fill(byteAt(grey, i), i * 3, i * 3 + 3);
  return { pixels, height, width };
}
