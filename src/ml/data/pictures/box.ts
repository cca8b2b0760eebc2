import type { RgbImage } from '../../augment/image.ts';

/** Left, top, width, height in pixels. */
export type Box = readonly [left: number, top: number, width: number, height: number];

/**
 * Cuts a picture down to a box.
 *
 * @param image - the picture
 * @param box - cut where it leaves the picture
 * @returns what is in it, at least one pixel
 */
export function inBox(image: RgbImage, box: Box): RgbImage {
  const [x, y, width, height] = box;
  const within = (value: number, low: number, high: number) => Math.min(high, Math.max(low, Math.round(value)));
  const left = within(x, 0, image.width - 1);
  const top = within(y, 0, image.height - 1);
  const right = within(x + width, left + 1, image.width);
  const bottom = within(y + height, top + 1, image.height);
  return cutOut(image, { left, top, width: right - left, height: bottom - top });
}

function cutOut(image: RgbImage, of: { left: number; top: number; width: number; height: number }): RgbImage {
  const pixels = new Uint8Array(of.width * of.height * 3);
  for (let row = 0; row < of.height; row++) {
    const start = ((of.top + row) * image.width + of.left) * 3;
    pixels.set(image.pixels.subarray(start, start + of.width * 3), row * of.width * 3);
  }
  return { pixels, width: of.width, height: of.height };
}
