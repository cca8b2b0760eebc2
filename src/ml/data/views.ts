import { fail } from '../../core/failure.ts';
import { centreCrop, cropImage } from '../augment/crop.ts';
import type { RgbImage } from '../augment/image.ts';
import { resizeShorterSide, sizeWithShorterSide, type Interpolation } from '../augment/resize.ts';
import type { View } from './packed.ts';
import { BAD_IMAGE } from './source.ts';

/** Longest `train` view of an image, in pixels: a guard against 1×100,000 images. */
const LARGEST_VIEW = 2 ** 26;

/** What the views of a picture depend on. */
export interface ViewFormat {
  /** S: side of a network's input, in pixels. */
  readonly imageSize: number;
  readonly interpolation: Interpolation;
  /** S by the shorter side that the `eval` view is cut from. */
  readonly cropPct: number;
}

/**
 * R: side that random crops of S×S are taken from.
 *
 * @param imageSize - S, in pixels
 * @returns pixels
 */
export function trainSize(imageSize: number): number {
  return Math.trunc(1.1 * imageSize);
}

/** How the centre of a picture is cut out. */
export interface CentreFormat {
  /** S: side of the square, in pixels. */
  readonly imageSize: number;
  /** Shorter side of the resized picture that it is cut from, in pixels. */
  readonly resize: number;
  readonly interpolation: Interpolation;
}

/**
 * The centre of a picture, as evaluation shows it.
 *
 * @param image - the picture
 * @param format - sizes and filter
 * @returns uint8 [S, S, 3]
 */
export function centreView(image: RgbImage, format: CentreFormat): RgbImage {
  const { imageSize, resize, interpolation } = format;
  const small = resizeShorterSide(image, resize, interpolation);
  return cropImage(small, centreCrop(small, imageSize), imageSize);
}

/** How a view is made of a decoded picture. */
const VIEWS: Readonly<Record<View, (image: RgbImage, format: ViewFormat) => RgbImage>> = {
  train: (image, { imageSize, interpolation }) => resizeShorterSide(image, trainSize(imageSize), interpolation),
  eval: (image, { imageSize, interpolation, cropPct }) =>
    centreView(image, { imageSize, interpolation, resize: Math.floor(imageSize / cropPct) }),
};

/**
 * Makes a view of a decoded picture.
 *
 * @param view - which
 * @param image - the picture
 * @param format - sizes and filter
 * @returns uint8 [height, width, 3]; the same bytes whenever it is made
 */
export function viewOf(view: View, image: RgbImage, format: ViewFormat): RgbImage {
  return VIEWS[view](image, format);
}

/**
 * Refuses pictures whose views would be too large.
 *
 * @param image - the picture
 * @param name - what messages call it
 * @param format - sizes
 * @throws FailureError `bad-image`
 */
export function requireViewable(image: RgbImage, name: string, format: ViewFormat): void {
  const side = trainSize(format.imageSize);
  const size = sizeWithShorterSide(image, side);
  if (size.height * size.width <= LARGEST_VIEW) return;
  fail({
    code: BAD_IMAGE,
    message: `${name} is ${image.width}×${image.height} pixels: too long and thin to be resized`,
    expected: `at most ${LARGEST_VIEW} pixels when its shorter side is ${side}`,
    fix: 'crop or remove it, or set on_bad_image: skip',
  });
}
