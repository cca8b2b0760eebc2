import type { TrainOptions } from '../data/batches.ts';
import type { OptimizerSpec } from '../engines/engine.ts';
import type { LossOptions } from '../losses/loss.ts';
import type { DivergenceOptions } from '../losses/rdrop.ts';
import type { LossName } from '../losses/registry.ts';
import type { AdapterSchedule, LearningRatePlan } from '../optim/schedule.ts';

/** What decides which epoch's weights are kept. */
export type Selection = 'val.accuracy' | 'val.loss' | 'val.mpa' | 'last';

/** Parameters of a training stage, as its schema has checked and completed them. */
export interface RecipeParams {
  readonly epochs: number;
  readonly batch_size: number;
  readonly optimizer: OptimizerSpec['name'];
  readonly lr: number;
  readonly weight_decay: number;
  readonly momentum: number;
  readonly warmup: boolean;
  readonly warmup_ratio: number;
  readonly warmup_lr: number;
  readonly schedule: LearningRatePlan['schedule'];
  readonly min_lr: number;
  readonly step_size: number;
  readonly step_gamma: number;
  readonly t_max: number;
  readonly loss: LossName;
  readonly poly_epsilon: number;
  readonly focal_gamma: number;
  readonly label_smoothing: number;
  readonly class_balance: boolean;
  readonly crop: TrainOptions['crop'];
  readonly flip: boolean;
  readonly augment: TrainOptions['augment'];
  readonly mixup: TrainOptions['mixup'];
  readonly select: Selection;
  readonly patience: number;
  readonly ema: boolean;
  readonly rdrop: boolean;
  /** Of distilling stages only. */
  readonly rdrop_distilling?: boolean;
  readonly adapter_schedule?: AdapterSchedule;
  readonly rdrop_alpha: number;
  readonly rdrop_reduction: DivergenceOptions['reduction'];
  readonly seed: number;
}

/** How a network is trained. */
export interface Recipe extends Pick<
  RecipeParams,
  'epochs' | 'loss' | 'crop' | 'flip' | 'augment' | 'mixup' | 'select' | 'patience' | 'ema' | 'seed'
> {
  readonly batchSize: number;
  readonly optimizer: OptimizerSpec;
  readonly weightDecay: number;
  readonly rate: LearningRatePlan;
  readonly adapterSchedule: AdapterSchedule;
  /** Of the loss; class weights are the dataset's. */
  readonly shape: Omit<LossOptions, 'classWeights'>;
  readonly classBalance: boolean;
  /** Null where there is no second pass. */
  readonly rdrop: DivergenceOptions | null;
}

/** Every update rule, with the momentum that the recipe gives it. */
const OPTIMIZERS = {
  adamw: (momentum) => ({ name: 'adamw', beta1: momentum, beta2: 0.999, eps: 1e-8 }),
  sgd: (momentum) => ({ name: 'sgd', momentum, nesterov: momentum > 0 }),
  rmsprop: (momentum) => ({ name: 'rmsprop', alpha: 0.99, eps: 1e-8, momentum }),
} as const satisfies Record<OptimizerSpec['name'], (momentum: number) => OptimizerSpec>;

/** Null without R-Drop, or where a distilling stage ignores it. */
function rdropOf(params: RecipeParams): DivergenceOptions | null {
  const { rdrop, rdrop_distilling: acts = true, rdrop_alpha: alpha, rdrop_reduction: reduction } = params;
  return rdrop && acts ? { alpha, reduction } : null;
}

/**
 * Reads a recipe from a stage's parameters.
 *
 * @param params - checked and complete
 * @returns the recipe
 */
export function recipeOf(params: RecipeParams): Recipe {
  const { epochs, loss, crop, flip, augment, mixup, select, patience, ema, seed } = params;
  return {
    ...{ epochs, loss, crop, flip, augment, mixup, select, patience, ema, seed },
    batchSize: params.batch_size,
    optimizer: OPTIMIZERS[params.optimizer](params.momentum),
    weightDecay: params.weight_decay,
    rate: {
      epochs,
      rate: params.lr,
      warmupRatio: params.warmup ? params.warmup_ratio : 0,
      warmupRate: params.warmup_lr,
      schedule: params.schedule,
      minRate: params.min_lr,
      stepSize: params.step_size,
      stepFactor: params.step_gamma,
      halfPeriod: params.t_max,
    },
    adapterSchedule: params.adapter_schedule ?? 'student',
    shape: {
      smoothing: params.label_smoothing,
      polyEpsilon: params.poly_epsilon,
      focalGamma: params.focal_gamma,
    },
    classBalance: params.class_balance,
    rdrop: rdropOf(params),
  };
}
