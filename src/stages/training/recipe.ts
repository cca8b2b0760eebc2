import type { ValueObject } from '../../core/plan.ts';
import type { ParamSchemas } from '../../params/param-schema.ts';
import { recipeParams } from '../../params/recipe.ts';
import type { Need } from '../stage-kind.ts';

/** Parameters that came later: with their defaults a recipe is what it was without them, and its key too. */
const LATER: readonly string[] = [
  ...['dropout', 'kept_weights', 'nesterov', 'weight_decay_groups', 'ema_decay'],
  ...['grad_clip', 'grad_clip_mode'],
  ...['crop_padding', 'padding_mode', 'random_erasing', 'mixup_alpha', 'schedule_epochs'],
];

/**
 * The recipe's parameters that act.
 *
 * @param params - as the schema has completed them
 * @returns all but those of {@link LATER} that have their defaults
 */
export function effectiveRecipe(params: ValueObject): ValueObject {
  const schemas: ParamSchemas = recipeParams;
  const idle = ([name, value]: readonly [string, unknown]): boolean =>
    LATER.includes(name) && (value === undefined || value === schemas[name]?.default);
  return Object.fromEntries(Object.entries(params).filter((entry) => !idle(entry)));
}

/**
 * Weights that are wanted without naming a stage: the cell that makes a model of them.
 *
 * @param params - as the schema has completed them
 * @returns at most one need
 */
export function weightsNeeded(params: ValueObject): readonly Need[] {
  const { model, weights, pretrained } = params;
  if (typeof model !== 'string') return [];
  const need = (by: string, from: string): readonly Need[] => [
    { by, param: 'weights', kind: 'pretrained', params: { model, from } },
  ];
  if (typeof weights === 'string') return need('weights', weights);
  return pretrained === true && weights === undefined ? need('pretrained', 'imagenet') : [];
}

/** Outputs of every training stage. */
export const trainingOutputs = { weights: 'weights.safetensors', log: 'log.txt', curves: 'curves.csv' } as const;

/** Metrics of every training stage; those of a split without images are not reported. */
export const trainingMetrics = [
  ...['val.accuracy', 'val.mpa', 'val.loss', 'train.loss'],
  ...['best_epoch', 'epochs', 'images_per_second', 'parameters', 'macs'],
] as const;
