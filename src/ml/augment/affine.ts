import type { RgbImage } from './image.ts';

/** Where an output pixel (x, y) comes from: input x = a·x + b·y + c, input y = d·x + e·y + f. */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** 16 bits of fraction, as in Pillow's Geometry.c. */
const fixed = (value: number): number => Math.floor(value * 65536 + 0.5);

/** `Image.transform(size, AFFINE, matrix, NEAREST)` of Pillow 11.3, bit for bit: fixed-point steps, black where nothing is. */
function transform(image: RgbImage, [a, b, c, d, e, f]: Matrix): RgbImage {
  const { pixels, height, width } = image;
  const target = new Uint8Array(pixels.length);
  const right = fixed(a);
  const down = fixed(d);
  // Pixels are sampled at their centres.
  let rowX = fixed(c + a * 0.5 + b * 0.5);
  let rowY = fixed(f + d * 0.5 + e * 0.5);
  let write = 0;
  for (let y = 0; y < height; y++, rowX += fixed(b), rowY += fixed(e)) {
    for (let x = 0, fixedX = rowX, fixedY = rowY; x < width; x++, fixedX += right, fixedY += down, write += 3) {
      const fromX = fixedX >> 16;
      const fromY = fixedY >> 16;
      if (fromX < 0 || fromX >= width || fromY < 0 || fromY >= height) continue;
      const read = (fromY * width + fromX) * 3;
      target[write] = pixels[read] ?? 0;
      target[write + 1] = pixels[read + 1] ?? 0;
      target[write + 2] = pixels[read + 2] ?? 0;
    }
  }
  return { pixels: target, height, width };
}

/**
 * Shears rows about the top left corner.
 *
 * @param image - the picture
 * @param slope - pixels that a row moves to the left for each row above it
 * @returns the sheared picture
 */
export const shearX = (image: RgbImage, slope: number): RgbImage => transform(image, [1, slope, 0, 0, 1, 0]);

/**
 * Shears columns about the top left corner.
 *
 * @param image - the picture
 * @param slope - pixels that a column moves up for each column left of it
 * @returns the sheared picture
 */
export const shearY = (image: RgbImage, slope: number): RgbImage => transform(image, [1, 0, 0, slope, 1, 0]);

/**
 * Moves a picture to the right.
 *
 * @param image - the picture
 * @param distance - pixels; the fraction is dropped
 * @returns the moved picture
 */
export const translateX = (image: RgbImage, distance: number): RgbImage =>
  transform(image, [1, 0, -Math.trunc(distance), 0, 1, 0]);

/**
 * Moves a picture down.
 *
 * @param image - the picture
 * @param distance - pixels; the fraction is dropped
 * @returns the moved picture
 */
export const translateY = (image: RgbImage, distance: number): RgbImage =>
  transform(image, [1, 0, 0, 0, 1, -Math.trunc(distance)]);

/** As Pillow rounds sines and cosines, so that a quarter turn is one. */
const rounded = (value: number): number => Math.round(value * 1e15) / 1e15;

/**
 * Turns a picture about its centre; what leaves the frame is lost.
 *
 * @param image - the picture
 * @param angle - degrees, counter-clockwise
 * @returns the turned picture
 */
export function rotate(image: RgbImage, angle: number): RgbImage {
  // Pillow takes a negative angle as its positive rest of 360, which matters in the last bit.
  const radians = -((((angle % 360) + 360) % 360) * Math.PI) / 180;
  const cosine = rounded(Math.cos(radians));
  const sine = rounded(Math.sin(radians));
  const [centreX, centreY] = [image.width / 2, image.height / 2];
  const left = cosine * -centreX + sine * -centreY + centreX;
  const top = -sine * -centreX + cosine * -centreY + centreY;
  return transform(image, [cosine, sine, left, -sine, cosine, top]);
}
