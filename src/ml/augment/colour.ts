import type { RgbImage } from './image.ts';

/** New value of each 8-bit value. */
type Table = Uint8Array;

/** A pixel's value from an exact one: clipped, then its fraction dropped. */
const clipped = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value));

function tabulate(value: (old: number) => number): Table {
  const table = new Uint8Array(256);
  for (let old = 0; old < 256; old++) table[old] = clipped(value(old));
  return table;
}

function lookedUp(image: RgbImage, table: Table): RgbImage {
  const { pixels } = image;
  // Loops, here and below: the pixels may be a Buffer, whose map is slow and whose slice is no copy.
  const target = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) target[i] = table[pixels[i] ?? 0] ?? 0;
  return { ...image, pixels: target };
}

const count = (histogram: Uint32Array, value: number): number => (histogram[value] = (histogram[value] ?? 0) + 1);

/** Looks each channel up in a table that is made of its own histogram. */
function lookedUpByChannel(image: RgbImage, tableOf: (histogram: Uint32Array) => Table): RgbImage {
  const { pixels } = image;
  const target = new Uint8Array(pixels.length);
  for (let channel = 0; channel < 3; channel++) {
    const histogram = new Uint32Array(256);
    for (let i = channel; i < pixels.length; i += 3) count(histogram, pixels[i] ?? 0);
    const table = tableOf(histogram);
    for (let i = channel; i < pixels.length; i += 3) target[i] = table[pixels[i] ?? 0] ?? 0;
  }
  return { ...image, pixels: target };
}

/** Pillow's `Image.blend` of two values: from + factor · (to − from), in float32. */
function blend(from: number, to: number, factor: number): number {
  return clipped(Math.fround(from + Math.fround(factor * (to - from))));
}

/** Pillow's luminance of a pixel: ITU-R 601-2 with 16 bits of fraction. */
function luminance(pixels: Uint8Array, at: number): number {
  return ((pixels[at] ?? 0) * 19595 + (pixels[at + 1] ?? 0) * 38470 + (pixels[at + 2] ?? 0) * 7471 + 0x8000) >> 16;
}

/**
 * Pillow's `ImageEnhance.Brightness`: from black (−1) over the picture (0) to brighter.
 *
 * @param image - the picture
 * @param magnitude - factor − 1
 * @returns the enhanced picture
 */
export function brightness(image: RgbImage, magnitude: number): RgbImage {
  const factor = Math.fround(1 + magnitude);
  return lookedUp(
    image,
    tabulate((value) => blend(0, value, factor)),
  );
}

/**
 * Pillow's `ImageEnhance.Contrast`: from the picture's mean grey (−1) over the picture (0) to more contrast.
 *
 * @param image - the picture
 * @param magnitude - factor − 1
 * @returns the enhanced picture
 */
export function contrast(image: RgbImage, magnitude: number): RgbImage {
  const { pixels } = image;
  const factor = Math.fround(1 + magnitude);
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 3) sum += luminance(pixels, at);
  const mean = Math.trunc(sum / (pixels.length / 3) + 0.5);
  return lookedUp(
    image,
    tabulate((value) => blend(mean, value, factor)),
  );
}

/**
 * Pillow's `ImageEnhance.Color`: from grey (−1) over the picture (0) to stronger colours.
 *
 * @param image - the picture
 * @param magnitude - factor − 1
 * @returns the enhanced picture
 */
export function colour(image: RgbImage, magnitude: number): RgbImage {
  const { pixels } = image;
  const factor = Math.fround(1 + magnitude);
  const target = new Uint8Array(pixels.length);
  for (let at = 0; at < pixels.length; at += 3) {
    const grey = luminance(pixels, at);
    for (let i = at; i < at + 3; i++) target[i] = blend(grey, pixels[i] ?? 0, factor);
  }
  return { ...image, pixels: target };
}

/**
 * Pillow's `ImageEnhance.Sharpness`: from smoothed (−1; 3×3 of ones around a five, over 13; borders stay) over the
 * picture (0) to sharper.
 *
 * @param image - the picture
 * @param magnitude - factor − 1
 * @returns the enhanced picture
 */
export function sharpness(image: RgbImage, magnitude: number): RgbImage {
  const { pixels, height, width } = image;
  const factor = Math.fround(1 + magnitude);
  const stride = width * 3;
  const target = new Uint8Array(pixels);
  /** Sum of a pixel's value and its neighbours' in a row. */
  const three = (i: number): number => (pixels[i - 3] ?? 0) + (pixels[i] ?? 0) + (pixels[i + 3] ?? 0);
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * stride + 3; i < (y + 1) * stride - 3; i++) {
      const own = pixels[i] ?? 0;
      const sum = three(i - stride) + three(i) + three(i + stride) + 4 * own;
      target[i] = blend(Math.floor(sum / 13 + 0.5), own, factor);
    }
  }
  return { ...image, pixels: target };
}

/**
 * Keeps the upper bits of each value.
 *
 * @param image - the picture
 * @param bits - 0 … 8; the fraction is dropped
 * @returns the coarser picture
 */
export function posterize(image: RgbImage, bits: number): RgbImage {
  const mask = 256 - 2 ** (8 - Math.trunc(bits));
  return lookedUp(
    image,
    tabulate((value) => value & mask),
  );
}

/**
 * Inverts the values from a threshold on.
 *
 * @param image - the picture
 * @param threshold - values below it stay
 * @returns the solarised picture
 */
export function solarize(image: RgbImage, threshold: number): RgbImage {
  return lookedUp(
    image,
    tabulate((value) => (value < threshold ? value : 255 - value)),
  );
}

/**
 * Inverts all values.
 *
 * @param image - the picture
 * @returns the negative
 */
export const invert = (image: RgbImage): RgbImage => solarize(image, 0);

/**
 * Pillow's `ImageOps.autocontrast`: stretches each channel so that its least value becomes 0 and its greatest 255.
 *
 * @param image - the picture
 * @returns the stretched picture; a channel of one value stays
 */
export function autoContrast(image: RgbImage): RgbImage {
  return lookedUpByChannel(image, (histogram) => {
    const low = histogram.findIndex((frequency) => frequency > 0);
    const high = histogram.findLastIndex((frequency) => frequency > 0);
    const scale = 255 / (high - low);
    return tabulate((value) => (high <= low ? value : value * scale - low * scale));
  });
}

/**
 * Pillow's `ImageOps.equalize`: each channel's values become as evenly frequent as whole steps allow.
 *
 * @param image - the picture
 * @returns the equalised picture; a channel of one value stays
 */
export function equalize(image: RgbImage): RgbImage {
  return lookedUpByChannel(image, (histogram) => {
    const last = histogram.findLast((frequency) => frequency > 0) ?? 0;
    const step = Math.trunc((image.pixels.length / 3 - last) / 255);
    if (step === 0) return tabulate((value) => value);
    const table = new Uint8Array(256);
    let below = step >> 1;
    histogram.forEach((frequency, value) => {
      table[value] = clipped(below / step);
      below += frequency;
    });
    return table;
  });
}
