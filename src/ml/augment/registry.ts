import type { Augmentation } from './augmentation.ts';
import { augMix } from './policies/augmix.ts';
import { autoAugment } from './policies/autoaugment.ts';
import { cutout } from './policies/cutout.ts';
import { fixMatch } from './policies/fixmatch.ts';
import { randAugment } from './policies/randaugment.ts';
import { trivialAugment } from './policies/trivialaugment.ts';

const none: Augmentation = { summary: 'crops as they are', source: '', create: () => null };

/** Augmentations by the name that a pipeline file uses. */
export const augmentations = {
  none,
  autoaugment: autoAugment,
  randaugment: randAugment,
  trivialaugment: trivialAugment,
  augmix: augMix,
  cutout,
  fixmatch: fixMatch,
} as const satisfies Record<string, Augmentation>;

/** Name of an augmentation. */
export type AugmentationName = keyof typeof augmentations;
