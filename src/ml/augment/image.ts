/** A decoded picture: uint8 RGB, interleaved, rows top to bottom, [height, width, 3]. */
export interface RgbImage {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** A rectangle of pixels; right and bottom are the first ones beyond it. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Fills a rectangle.
 *
 * @param image - the picture
 * @param box - within it
 * @param colour - 0 … 255 a channel
 * @returns a fresh picture
 */
export function filled(image: RgbImage, box: Box, colour: readonly number[]): RgbImage {
  const { left, top, right, bottom } = box;
  const pixels = new Uint8Array(image.pixels);
  const row = Uint8Array.from({ length: Math.max(0, right - left) * 3 }, (_, i) => Math.round(colour[i % 3] ?? 0));
  for (let line = top; line < bottom; line++) pixels.set(row, (line * image.width + left) * 3);
  return { ...image, pixels };
}
