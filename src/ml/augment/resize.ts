import type { RgbImage } from './image.ts';
import { resample, type Taps } from './resample.ts';

/** Fraction bits of a weight, as in kernels/resize.c: 32 − 8 bits of a pixel − 2 bits of head room, as in Pillow's Resample.c. */
const PRECISION = 22;

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

/** A weight in fixed point, rounded away from zero at halves. */
const fixed = (weight: number): number => Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * 2 ** PRECISION);

/** A filter, widened by the scale when it shrinks: with antialiasing. */
function taps(input: number, output: number, { reach, weight: filter }: Filter): Taps {
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

/** Taps of the latest sizes: the images of a dataset have few. */
const known = new Map<number, Taps>();

function tapsOf(input: number, output: number, filter: Interpolation): Taps {
  const key = (input * 2 ** 24 + output) * 2 + Number(filter === 'bicubic');
  const found = known.get(key) ?? taps(input, output, FILTERS[filter]);
  if (known.size >= 64) known.clear();
  known.set(key, found);
  return found;
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
  const columns = width === image.width ? undefined : tapsOf(image.width, width, filter);
  const rows = height === image.height ? undefined : tapsOf(image.height, height, filter);
  return columns || rows ? resample(image, { columns, rows }) : image;
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
