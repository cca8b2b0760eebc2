import type { RgbImage } from '../../src/ml/augment/image.ts';

/** A picture mirrored left to right. */
export function mirrorImage({ pixels, height, width }: RgbImage): RgbImage {
  const mirrored = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      mirrored.set(pixels.subarray((y * width + x) * 3, (y * width + x + 1) * 3), (y * width + width - 1 - x) * 3);
  return { pixels: mirrored, height, width };
}
