import type { ValueObject } from '../../core/plan.ts';
import type { Need } from '../stage-kind.ts';

/**
 * The recipe's parameters that act.
 *
 * @param params - as the schema has completed them
 * @returns all but a dropout that is left to the model, and the precision of kept weights that are not rounded
 */
export function effectiveRecipe(params: ValueObject): ValueObject {
  const idle = ([name, value]: readonly [string, unknown]): boolean =>
    (name === 'dropout' && (value === undefined || value === null)) || (name === 'kept_weights' && value === 'float32');
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
