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

/** Augmentations by name. */
export type Augmentations = Readonly<Record<string, Augmentation>>;

/**
 * Finds an augmentation.
 *
 * @param name - as the recipe has it
 * @param added - augmentations of plugins
 * @returns the augmentation
 * @throws Error where there is none: the plan knows the names
 */
export function augmentationNamed(name: string, added: Augmentations = {}): Augmentation {
  const all: Augmentations = { ...augmentations, ...added };
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (!found) throw new Error(`no augmentation is called ${name}`);
  return found;
}
