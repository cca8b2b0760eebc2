import { pickOf, type Augmentation } from '../augmentation.ts';
import { scales } from '../magnitudes.ts';
import type { OperationName } from '../operations.ts';
import { stepOf, taking, type Draw } from '../steps.ts';

/** Two operations, each with its probability and its strength as a bin of ten; null where it has no strength. */
type Row = readonly [OperationName, number, number | null, OperationName, number, number | null];

/** Table 9 of the paper, with the rows that it repeats. */
const ROWS: readonly [Row, ...Row[]] = [
  ['Posterize', 0.4, 8, 'Rotate', 0.6, 9],
  ['Solarize', 0.6, 5, 'AutoContrast', 0.6, null],
  ['Equalize', 0.8, null, 'Equalize', 0.6, null],
  ['Posterize', 0.6, 7, 'Posterize', 0.6, 6],
  ['Equalize', 0.4, null, 'Solarize', 0.2, 4],
  ['Equalize', 0.4, null, 'Rotate', 0.8, 8],
  ['Solarize', 0.6, 3, 'Equalize', 0.6, null],
  ['Posterize', 0.8, 5, 'Equalize', 1, null],
  ['Rotate', 0.2, 3, 'Solarize', 0.6, 8],
  ['Equalize', 0.6, null, 'Posterize', 0.4, 6],
  ['Rotate', 0.8, 8, 'Color', 0.4, 0],
  ['Rotate', 0.4, 9, 'Equalize', 0.6, null],
  ['Equalize', 0, null, 'Equalize', 0.8, null],
  ['Invert', 0.6, null, 'Equalize', 1, null],
  ['Color', 0.6, 4, 'Contrast', 1, 8],
  ['Rotate', 0.8, 8, 'Color', 1, 2],
  ['Color', 0.8, 8, 'Solarize', 0.8, 7],
  ['Sharpness', 0.4, 7, 'Invert', 0.6, null],
  ['ShearX', 0.6, 5, 'Equalize', 1, null],
  ['Color', 0.4, 0, 'Equalize', 0.6, null],
  ['Equalize', 0.4, null, 'Solarize', 0.2, 4],
  ['Solarize', 0.6, 5, 'AutoContrast', 0.6, null],
  ['Invert', 0.6, null, 'Equalize', 1, null],
  ['Color', 0.6, 4, 'Contrast', 1, 8],
  ['Equalize', 0.8, null, 'Equalize', 0.6, null],
];

/**
 * One row at random, its operations in order, each with its probability.
 *
 * @param side - of the pictures, in pixels
 * @returns draws the steps of a picture
 */
export function autoAugmentDraw(side: number): Draw {
  const translate = (150 / 331) * side;
  const table = scales({ bins: 10, shear: 0.3, translate, rotate: 30, enhance: 0.9, posterize: [8, 4] });
  return (uniform) => {
    const [first, p, i, second, q, k] = pickOf(ROWS, uniform);
    const parts = [
      [first, p, i ?? 0],
      [second, q, k ?? 0],
    ] as const;
    return parts.flatMap(([operation, probability, bin]) =>
      uniform() < probability ? [stepOf(operation, table[operation], bin, uniform)] : [],
    );
  };
}

/** AutoAugment's policy for ImageNet. */
export const autoAugment: Augmentation = {
  summary: 'the 25 pairs of operations that were learned on ImageNet, one at random',
  source: 'Cubuk et al., AutoAugment: Learning Augmentation Strategies from Data, CVPR 2019',
  create: ({ side }) => taking(autoAugmentDraw(side)),
};
