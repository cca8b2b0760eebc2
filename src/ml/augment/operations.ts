import { rotate, shearX, shearY, translateX, translateY } from './affine.ts';
import {
  autoContrast,
  brightness,
  colour,
  contrast,
  equalize,
  invert,
  posterize,
  sharpness,
  solarize,
} from './colour.ts';
import type { RgbImage } from './image.ts';

/** Changes a picture by a magnitude, which an operation without one ignores; gives a fresh picture or the same one. */
export type Operation = (image: RgbImage, magnitude: number) => RgbImage;

const registered = {
  Identity: (image) => image,
  ShearX: shearX,
  ShearY: shearY,
  TranslateX: translateX,
  TranslateY: translateY,
  Rotate: rotate,
  Brightness: brightness,
  Color: colour,
  Contrast: contrast,
  Sharpness: sharpness,
  Posterize: posterize,
  Solarize: solarize,
  AutoContrast: autoContrast,
  Equalize: equalize,
  Invert: invert,
} as const satisfies Record<string, Operation>;

/** Name of an operation. */
export type OperationName = keyof typeof registered;

/**
 * Operations of the augmentation policies by torchvision's names. Results are those of Pillow 11.3 and 13.0, pixel for pixel,
 * with nearest sampling and black where nothing is.
 */
export const operations: Readonly<Record<OperationName, Operation>> = registered;
