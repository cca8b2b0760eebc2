import type { DistillingParams, RecipeParams } from '../../params/recipe.ts';
import type { MixingName } from '../augment/mix.ts';
import type { AugmentationName } from '../augment/registry.ts';
import type { OptimizerSpec } from '../engines/engine.ts';
import type { EngineName } from '../engines/registry.ts';
import type { LossName } from '../losses/registry.ts';

/** Names that a recipe holds, by their registry. */
export interface RecipeNames {
  readonly losses: LossName;
  readonly augmentations: AugmentationName;
  readonly mixings: MixingName;
  readonly engines: EngineName;
}

/** How a network is trained: the parameters of a training stage. Those of distilling stages alone may be left out. */
export type Recipe = RecipeParams<RecipeNames> & Partial<DistillingParams>;

/** What decides which epoch's weights are kept. */
export type Selection = Recipe['select'];

/** Every update rule, with the momentum that the recipe gives it. */
const OPTIMIZERS = {
  adamw: (momentum) => ({ name: 'adamw', beta1: momentum, beta2: 0.999, eps: 1e-8 }),
  sgd: (momentum) => ({ name: 'sgd', momentum, nesterov: momentum > 0 }),
  rmsprop: (momentum) => ({ name: 'rmsprop', alpha: 0.99, eps: 1e-8, momentum }),
} as const satisfies Record<Recipe['optimizer'], (momentum: number) => OptimizerSpec>;

/**
 * The update rule of a recipe.
 *
 * @param recipe - its name and momentum
 * @returns the rule with all its constants
 */
export function optimizerOf(recipe: Pick<Recipe, 'optimizer' | 'momentum'>): OptimizerSpec {
  return OPTIMIZERS[recipe.optimizer](recipe.momentum);
}

/**
 * Forward passes over each batch.
 *
 * @param recipe - whether it has R-Drop, and a distilling stage lets it act
 * @returns 2 with R-Drop, else 1
 */
export function countPasses(recipe: Pick<Recipe, 'rdrop' | 'rdropDistilling'>): 1 | 2 {
  return recipe.rdrop && (recipe.rdropDistilling ?? true) ? 2 : 1;
}
