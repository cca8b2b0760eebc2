import { pickOf, type Augmentation } from '../augmentation.ts';
import { scales } from '../magnitudes.ts';
import { stepOf, taking, type Draw } from '../steps.ts';
import { WIDE } from './wide.ts';

/** N of the paper. */
const OPERATIONS = 2;
/** M of the paper: the tenth of 31 strengths. */
const BIN = 9;

/**
 * Two operations at random, of one strength.
 *
 * @param side - of the pictures, in pixels
 * @returns draws the steps of a picture
 */
export function randAugmentDraw(side: number): Draw {
  const translate = (150 / 331) * side;
  const table = scales({ bins: 31, shear: 0.3, translate, rotate: 30, enhance: 0.9, posterize: [8, 4] });
  return (uniform) =>
    Array.from({ length: OPERATIONS }, () => {
      const operation = pickOf(WIDE, uniform);
      return stepOf(operation, table[operation], BIN, uniform);
    });
}

/** RandAugment with torchvision's defaults. */
export const randAugment: Augmentation = {
  summary: 'two operations at random, of strength 9 of 30',
  source: 'Cubuk et al., RandAugment: Practical Automated Data Augmentation with a Reduced Search Space, NeurIPS 2020',
  create: ({ side }) => taking(randAugmentDraw(side)),
};
