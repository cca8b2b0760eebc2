import type { OperationName } from '../operations.ts';

/** The operations that RandAugment and TrivialAugment draw from: all but Invert. */
export const WIDE = [
  'Identity',
  'ShearX',
  'ShearY',
  'TranslateX',
  'TranslateY',
  'Rotate',
  'Brightness',
  'Color',
  'Contrast',
  'Sharpness',
  'Posterize',
  'Solarize',
  'AutoContrast',
  'Equalize',
] as const satisfies readonly OperationName[];
