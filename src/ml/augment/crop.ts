import type { RgbImage } from './image.ts';

/** Where a square crop lies in a picture, in pixels, and whether it is mirrored left to right afterwards. */
export interface CropPlace {
  readonly top: number;
  readonly left: number;
  readonly mirrored: boolean;
}

/** Height and width of a picture, in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Python's `round(x / 2)`: halves go to the even neighbour. */
function roundedHalf(x: number): number {
  const floor = Math.floor(x / 2);
  return x % 2 === 0 ? floor : floor + (floor % 2);
}

/**
 * The centre crop, with torchvision's rounding of offsets (halves to even).
 *
 * @param image - size of the picture, no side shorter than `side`
 * @param side - side of the crop in pixels
 * @returns the crop's place, not mirrored
 */
export function centreCrop(image: Size, side: number): CropPlace {
  return { top: roundedHalf(image.height - side), left: roundedHalf(image.width - side), mirrored: false };
}

/**
 * A crop whose every position is equally likely.
 *
 * @param image - size of the picture, no side shorter than `side`
 * @param side - side of the crop in pixels
 * @param uniform - gives numbers in [0, 1); two are drawn, top before left
 * @returns the crop's place, not mirrored
 */
export function randomCrop(image: Size, side: number, uniform: () => number): CropPlace {
  const top = Math.floor(uniform() * (image.height - side + 1));
  const left = Math.floor(uniform() * (image.width - side + 1));
  return { top, left, mirrored: false };
}

/**
 * The ten crops of test-time augmentation (Krizhevsky et al., 2012) in torchvision's order: top left, top right,
 * bottom left, bottom right, centre, then the same five of the mirrored picture.
 *
 * @param image - size of the picture, no side shorter than `side`
 * @param side - side of the crop in pixels
 * @returns ten places in the picture as it is; a mirrored one is cut first, then mirrored
 */
export function tenCrops(image: Size, side: number): readonly CropPlace[] {
  const bottom = image.height - side;
  const right = image.width - side;
  const five = [
    { top: 0, left: 0, mirrored: false },
    { top: 0, left: right, mirrored: false },
    { top: bottom, left: 0, mirrored: false },
    { top: bottom, left: right, mirrored: false },
    centreCrop(image, side),
  ];
  return [...five, ...five.map(({ top, left }) => ({ top, left: right - left, mirrored: true }))];
}

/** Where the pixels of a crop go. */
interface PixelTarget {
  /** Uint8 [side, side, 3] from `offset` on. */
  readonly values: Uint8Array;
  readonly offset: number;
  readonly side: number;
}

/**
 * Cuts a square out of a picture, mirrors it where asked, and writes it as it is.
 *
 * @param image - the picture
 * @param place - a square of `target.side` that lies within the picture
 * @param target - where the pixels go
 */
export function writePixels(image: RgbImage, place: CropPlace, target: PixelTarget): void {
  const { pixels, width } = image;
  const { values, side } = target;
  for (let y = 0; y < side; y++) {
    const from = ((place.top + y) * width + place.left) * 3;
    const to = target.offset + y * side * 3;
    if (!place.mirrored) {
      values.set(pixels.subarray(from, from + side * 3), to);
      continue;
    }
    for (let read = from, write = to + (side - 1) * 3; write >= to; read += 3, write -= 3) {
      values[write] = pixels[read] ?? 0;
      values[write + 1] = pixels[read + 1] ?? 0;
      values[write + 2] = pixels[read + 2] ?? 0;
    }
  }
}

/**
 * Cuts a square out of a picture.
 *
 * @param image - the picture
 * @param place - where
 * @param side - side of the square in pixels; it lies within the picture
 * @returns a fresh picture of side × side
 */
export function cropImage(image: RgbImage, place: CropPlace, side: number): RgbImage {
  const pixels = new Uint8Array(side * side * 3);
  writePixels(image, place, { values: pixels, offset: 0, side });
  return { pixels, height: side, width: side };
}
