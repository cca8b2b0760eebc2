import { pick, pickOf, type Augmentation } from '../augmentation.ts';
import { scales } from '../magnitudes.ts';
import { stepOf, taking, type Draw } from '../steps.ts';
import { WIDE } from './wide.ts';

const BINS = 31;
/** Translations are of up to 32 pixels, whatever the size of the picture. */
const TABLE = scales({ bins: BINS, shear: 0.99, translate: 32, rotate: 135, enhance: 0.99, posterize: [8, 2] });

/**
 * One operation and one strength at random.
 *
 * @param uniform - source of randomness
 * @returns the one step
 */
export const trivialAugmentDraw: Draw = (uniform) => {
  const operation = pickOf(WIDE, uniform);
  return [stepOf(operation, TABLE[operation], pick(BINS, uniform), uniform)];
};

/** TrivialAugment (Wide). */
export const trivialAugment: Augmentation = {
  summary: 'one operation at random, of a strength at random',
  source: 'Müller & Hutter, TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation, ICCV 2021',
  create: () => taking(trivialAugmentDraw),
};
