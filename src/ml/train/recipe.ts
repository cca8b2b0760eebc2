import type { DistillingParams, RecipeParams } from '../../params/recipe.ts';
import type { MixingName } from '../augment/mix.ts';
import { countViews } from '../data/train-batches.ts';
import type { OptimizerRule, OptimizerSpec } from '../engines/engine.ts';
import type { EngineName } from '../engines/registry.ts';

/** Names that a recipe holds, by their registry. */
export interface RecipeNames {
  /** Plugins have some of their own, of losses and of augmentations. */
  readonly losses: string;
  readonly augmentations: string;
  readonly mixings: MixingName;
  readonly engines: EngineName;
}

/** How a network is trained: the parameters of a training stage. Those of distilling stages alone may be left out. */
export type Recipe = RecipeParams<RecipeNames> & Partial<DistillingParams<RecipeNames>>;

/** What decides which epoch's weights are kept. */
export type Selection = Recipe['select'];

/** What of a recipe makes its update rule. */
type Updates = Pick<Recipe, 'optimizer' | 'momentum' | 'nesterov' | 'weightDecayGroups'>;

/** Every update rule, as the recipe has it. */
const OPTIMIZERS: Readonly<Record<Recipe['optimizer'], (recipe: Updates) => OptimizerRule>> = {
  adamw: ({ momentum }) => ({ name: 'adamw', beta1: momentum, beta2: 0.999, eps: 1e-8 }),
  sgd: ({ momentum, nesterov }) => ({ name: 'sgd', momentum, nesterov: nesterov && momentum > 0 }),
  rmsprop: ({ momentum }) => ({ name: 'rmsprop', alpha: 0.99, eps: 1e-8, momentum }),
};

/**
 * The update rule of a recipe.
 *
 * @param recipe - its name and momentum, and what decays
 * @returns the rule with all its constants
 */
export function optimizerOf(recipe: Updates): OptimizerSpec {
  return { ...OPTIMIZERS[recipe.optimizer](recipe), decays: recipe.weightDecayGroups };
}

/**
 * Forward passes over each batch.
 *
 * @param recipe - whether it has a second view, or R-Drop, which a distilling stage lets act
 * @returns 2 with either, else 1
 */
export function countPasses(recipe: Pick<Recipe, 'rdrop' | 'rdropDistilling' | 'secondView'>): 1 | 2 {
  return (recipe.rdrop && (recipe.rdropDistilling ?? true)) || countViews(recipe) === 2 ? 2 : 1;
}
