import type { RgbImage } from './image.ts';

/** Fraction bits of a coefficient: 32 − 8 bits of a pixel − 2 bits of head room, as in Pillow's Resample.c. */
const PRECISION = 22;

/** One half in fixed point: sums start from it, so that dropping the fraction rounds. */
const HALF = 1 << (PRECISION - 1);

/** A filter of Pillow's Resample.c: how far it reaches, and its weight at a distance. */
interface Filter {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

/** Keys' convolution with a = −1/2. */
function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** By the names that Pillow, torchvision and timm give them. */
const FILTERS = {
  bilinear: { reach: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: { reach: 2, weight: cubic },
} as const satisfies Record<string, Filter>;

/** How pictures are resized. */
export type Interpolation = keyof typeof FILTERS;

/**
 * Tells whether something is the name of a filter.
 *
 * @param value - anything
 * @returns true for `bilinear` and the like
 */
export const isInterpolation = (value: unknown): value is Interpolation =>
  typeof value === 'string' && Object.hasOwn(FILTERS, value);

/** For each output position: the first input position, and weights from there on; `size` weights a position. */
interface Coefficients {
  readonly first: Int32Array;
  /** Weights in use of each position; further ones are 0. */
  readonly used: Int32Array;
  readonly weights: Int32Array;
  readonly size: number;
}

/** A weight in fixed point, rounded away from zero at halves. */
const fixed = (weight: number): number => Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * 2 ** PRECISION);

/** A filter, widened by the scale when it shrinks: with antialiasing. */
function coefficients(input: number, output: number, { reach, weight: filter }: Filter): Coefficients {
  const scale = input / output;
  const widened = Math.max(scale, 1);
  const support = reach * widened;
  const size = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(output);
  const used = new Int32Array(output);
  const weights = new Int32Array(output * size);
  for (let position = 0; position < output; position++) {
    const centre = (position + 0.5) * scale;
    const from = Math.max(Math.trunc(centre - support + 0.5), 0);
    const to = Math.min(Math.trunc(centre + support + 0.5), input);
    const raw: number[] = [];
    for (let x = from; x < to; x++) raw.push(filter((x - centre + 0.5) * (1 / widened)));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    first[position] = from;
    used[position] = raw.length;
    raw.forEach((weight, tap) => (weights[position * size + tap] = fixed(weight / sum)));
  }
  return { first, used, weights, size };
}

/** Coefficients of the latest sizes: the images of a dataset have few. */
const known = new Map<number, Coefficients>();

function coefficientsOf(input: number, output: number, filter: Interpolation): Coefficients {
  const key = (input * 2 ** 24 + output) * 2 + Number(filter === 'bicubic');
  const found = known.get(key) ?? coefficients(input, output, FILTERS[filter]);
  if (known.size >= 64) known.clear();
  known.set(key, found);
  return found;
}

/** Pixels to write. Bicubic weights may be negative, so that sums leave 0 … 255: those are clamped. Bilinear ones can't. */
const pixelsFor = (filter: Interpolation, values: number): Uint8Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer> =>
  filter === 'bilinear' ? new Uint8Array(values) : new Uint8ClampedArray(values);

/** Resamples every row. */
function horizontally({ pixels, height, width }: RgbImage, output: number, filter: Interpolation): RgbImage {
  const { first, used, weights, size } = coefficientsOf(width, output, filter);
  const target = pixelsFor(filter, height * output * 3);
  let write = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < output; x++) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let read = (y * width + (first[x] ?? 0)) * 3;
      const end = x * size + (used[x] ?? 0);
      for (let tap = x * size; tap < end; tap++, read += 3) {
        const weight = weights[tap] ?? 0;
        red += Math.imul(pixels[read] ?? 0, weight);
        green += Math.imul(pixels[read + 1] ?? 0, weight);
        blue += Math.imul(pixels[read + 2] ?? 0, weight);
      }
      target[write++] = red >> PRECISION;
      target[write++] = green >> PRECISION;
      target[write++] = blue >> PRECISION;
    }
  }
  return { pixels: new Uint8Array(target.buffer), height, width: output };
}

/** Resamples every column. */
function vertically({ pixels, height, width }: RgbImage, output: number, filter: Interpolation): RgbImage {
  const { first, used, weights, size } = coefficientsOf(height, output, filter);
  const stride = width * 3;
  const target = pixelsFor(filter, output * stride);
  let write = 0;
  for (let y = 0; y < output; y++) {
    const top = (first[y] ?? 0) * stride;
    const end = y * size + (used[y] ?? 0);
    for (let column = 0; column < stride; column++) {
      let sum = HALF;
      for (let tap = y * size, read = top + column; tap < end; tap++, read += stride) {
        sum += Math.imul(pixels[read] ?? 0, weights[tap] ?? 0);
      }
      target[write++] = sum >> PRECISION;
    }
  }
  return { pixels: new Uint8Array(target.buffer), height: output, width };
}

/**
 * Resizes to an exact size as `Image.resize(size, BILINEAR)` of Pillow 11.3 does, bit for bit: antialiasing triangle
 * filter, fixed-point weights, 8 bits between the horizontal and the vertical pass. Pillow 13 takes the vertical pass first
 * where a picture that shrinks is more than twice as tall as wide: there it differs by 1/255.
 *
 * @param image - the picture
 * @param height - pixels, ≥ 1
 * @param width - pixels, ≥ 1
 * @param filter - `bicubic` for Pillow's BICUBIC
 * @returns the resized picture; the same object where the size is right already
 */
export function resize(image: RgbImage, height: number, width: number, filter: Interpolation = 'bilinear'): RgbImage {
  const wide = width === image.width ? image : horizontally(image, width, filter);
  return height === image.height ? wide : vertically(wide, height, filter);
}

/**
 * Size of a picture whose shorter side becomes `side`, by torchvision's rule: the other is trunc(side · long / short).
 *
 * @param image - the picture's size
 * @param image.height - pixels, ≥ 1
 * @param image.width - pixels, ≥ 1
 * @param side - wanted shorter side in pixels, ≥ 1
 * @returns height and width in pixels
 */
export function sizeWithShorterSide(
  image: { readonly height: number; readonly width: number },
  side: number,
): { height: number; width: number } {
  const { height, width } = image;
  if (width <= height) return { height: Math.trunc((side * height) / width), width: side };
  return { height: side, width: Math.trunc((side * width) / height) };
}

/**
 * Resizes so that the shorter side is `side` pixels long: torchvision's `Resize(side)` on a PIL image.
 *
 * @param image - the picture
 * @param side - pixels, ≥ 1
 * @param filter - how
 * @returns the resized picture
 */
export function resizeShorterSide(image: RgbImage, side: number, filter: Interpolation = 'bilinear'): RgbImage {
  const { height, width } = sizeWithShorterSide(image, side);
  return resize(image, height, width, filter);
}
