/** A decoded picture: uint8 RGB, interleaved, rows top to bottom, [height, width, 3]. */
export interface RgbImage {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** A rectangle of a picture, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
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
  const { top, left, height, width } = box;
  const pixels = new Uint8Array(image.pixels);
  const row = Uint8Array.from({ length: width * 3 }, (_, i) => Math.round(colour[i % 3] ?? 0));
  for (let line = top; line < top + height; line++) pixels.set(row, (line * image.width + left) * 3);
  return { ...image, pixels };
}
