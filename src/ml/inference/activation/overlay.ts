import { byteAt, doubleAt } from '../../../util/at.ts';
import type { RgbImage } from '../../augment/image.ts';

/**
 * Matplotlib's inferno (van der Walt, Smith: A Better Default Colormap for Matplotlib, SciPy 2015; CC0) at 17 places, between which
 * colours are interpolated: lightness rises evenly, also for who sees no red or no green, and on grey paper.
 */
const INFERNO = [
  ...[0x000004, 0x0b0724, 0x210c4a, 0x3d0965, 0x57106e, 0x71196e, 0x8a226a, 0xa32c61, 0xbc3754],
  ...[0xd24644, 0xe45a31, 0xf1731d, 0xf98e09, 0xfcac11, 0xf9cb35, 0xf2ea69, 0xfcffa4],
];

/**
 * The colour of a heat.
 *
 * @param heat - 0 … 1
 * @returns red, green and blue, 0 … 255
 */
export function heatColour(heat: number): readonly [number, number, number] {
  const place = heat * (INFERNO.length - 1);
  const below = Math.min(Math.floor(place), INFERNO.length - 2);
  const [a = 0, b = 0] = INFERNO.slice(below, below + 2);
  const mixed = (shift: number): number =>
    ((a >> shift) & 255) + (place - below) * (((b >> shift) & 255) - ((a >> shift) & 255));
  return [mixed(16), mixed(8), mixed(0)];
}

/** A map of one number a pixel. */
export interface NumberMap {
  /** [height, width]. */
  readonly values: Float64Array;
  readonly height: number;
  readonly width: number;
}

/** The two pixels that a place lies between, and how near it is to the second. */
function between(place: number, length: number): readonly [number, number, number] {
  const within = Math.min(Math.max(place, 0), length - 1);
  const first = Math.floor(within);
  return [first, Math.min(first + 1, length - 1), within - first];
}

/**
 * A map at another size: bilinear between the centres of pixels, as PyTorch's `interpolate(mode="bilinear", align_corners=False)`.
 *
 * @param map - the map
 * @param height - wanted, pixels
 * @param width - wanted, pixels
 * @returns [height, width]
 */
export function bilinear(map: NumberMap, height: number, width: number): Float64Array {
  const columns = Array.from({ length: width }, (_, x) => between(((x + 0.5) * map.width) / width - 0.5, map.width));
  const row = (y: number, [left, right, nearer]: readonly [number, number, number]): number =>
    (1 - nearer) * doubleAt(map.values, y * map.width + left) + nearer * doubleAt(map.values, y * map.width + right);
  const made = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    const [top, bottom, nearer] = between(((y + 0.5) * map.height) / height - 0.5, map.height);
    columns.forEach(
      (column, x) => (made[y * width + x] = (1 - nearer) * row(top, column) + nearer * row(bottom, column)),
    );
  }
  return made;
}

/** Shortest side of an overlay, in pixels: smaller pictures are enlarged by a whole number. */
const SHORTEST = 224;

/**
 * Lays the colours of a map over the picture that it was made of, half and half. The coldest colour is 0 and all below it, the
 * hottest the largest value of the map.
 *
 * @param picture - as the network was shown it
 * @param map - of the network
 * @returns the picture, enlarged by a whole number to 224 pixels at least
 */
export function overlay(picture: RgbImage, map: NumberMap): RgbImage {
  const times = Math.max(1, Math.ceil(SHORTEST / Math.min(picture.height, picture.width)));
  const [height, width] = [picture.height * times, picture.width * times];
  const most = map.values.reduce((a, b) => Math.max(a, b), 0);
  const heats = bilinear(map, height, width);
  const pixels = new Uint8Array(height * width * 3);
  heats.forEach((heat, at) => {
    const [y, x] = [Math.floor(Math.floor(at / width) / times), Math.floor((at % width) / times)];
    heatColour(most > 0 ? Math.max(heat, 0) / most : 0).forEach((colour, channel) => {
      const seen = byteAt(picture.pixels, (y * picture.width + x) * 3 + channel);
      pixels[at * 3 + channel] = Math.round((seen + colour) / 2);
    });
  });
  return { pixels, height, width };
}
