import type { ValueObject } from '../../core/plan.ts';
import type { Need, ParamSchema } from '../stage-kind.ts';

const rate = (description: string, initial: number): ParamSchema => ({
  type: 'number',
  minimum: 0,
  default: initial,
  description,
});

const positive = (description: string, initial: number): ParamSchema => ({
  type: 'number',
  exclusiveMinimum: 0,
  default: initial,
  description,
});

const flag = (description: string): ParamSchema => ({ type: 'boolean', default: false, description });

/** Kinds whose `weights` output holds a trained network. */
const TRAINED = { kinds: ['train-teacher', 'distill-student', 'pretrained'], output: 'weights' } as const;

/** Reference to a trained network; with `or-one` to several, too. */
export const trainedWeights = (description: string, many?: 'or-one'): ParamSchema => ({
  'x-input': { ...TRAINED, ...(many && { many }) },
  description,
});

/** Reference to a teacher: a trained network, or its logits that a predict stage has kept; with `or-one` to several, too. */
export const teacherParam = (description: string, many?: 'or-one'): ParamSchema => ({
  'x-input': { kinds: [...TRAINED.kinds, 'predict'], ...(many && { many }) },
  description,
});

/** Parameters that only say where and how fast: of every stage that runs a network. */
export const engineParam: ParamSchema = {
  enum: ['auto'],
  'x-registry': 'engines',
  default: 'auto',
  description: 'What computes; auto: the best that the machine can run. Its rounding is part of the result.',
};

/** The packed dataset. */
export const dataParam: ParamSchema = {
  'x-input': { kinds: ['dataset'], output: 'data' },
  description: 'The dataset.',
};

/** Images that pass a network together. */
export const batchSizeParam = (description: string): ParamSchema => ({
  ...{ type: 'integer', minimum: 1, maximum: 65_536, default: 64, 'x-unit': 'images' },
  description,
});

/** The recipe: parameters of every training stage. Defaults are those of the original experiments. */
export const recipeParams: Readonly<Record<string, ParamSchema>> = {
  data: dataParam,
  model: { type: 'string', 'x-registry': 'models', description: 'Architecture of the network that is trained.' },
  pretrained: flag('Start from the weights that the model’s authors published, trained on ImageNet.'),
  weights: {
    'x-input': { ...TRAINED, text: 'a path (.safetensors, .pth), https://… or hf:owner/repo[@revision]' },
    description:
      'Weights to start from, of the same model: a stage’s, or a file. Drawn from the seed unless told; so is the classifier where they tell other classes.',
  },
  profile: {
    enum: ['sound', 'original'],
    default: 'sound',
    description:
      'Defaults of other parameters. original: what the original experiments really did, schedule: cosine-restart-wave, dropout: 0.2 and, while distilling, rdrop_distilling: false, adapter_schedule: original.',
  },
  dropout: {
    anyOf: [{ type: 'number', minimum: 0, exclusiveMaximum: 1 }, { type: 'null' }],
    default: null,
    description: 'Share of the features that training sets to 0 before the classifier; null = the model’s own.',
  },
  epochs: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: 150,
    'x-unit': 'epochs',
    description: 'Passes over the training split.',
  },
  batch_size: batchSizeParam('Images an update; the last, partial batch of an epoch is kept.'),
  optimizer: {
    enum: ['adamw', 'sgd', 'rmsprop'],
    default: 'adamw',
    description:
      'adamw: betas (momentum, 0.999), eps 1e-8; sgd: Nesterov momentum; rmsprop: alpha 0.99, eps 1e-8, momentum.',
  },
  lr: positive('Learning rate: its highest value where a schedule or warm-up changes it.', 1e-3),
  weight_decay: rate('Decay of convolution and linear weights; biases and norms have none.', 5e-4),
  momentum: {
    type: 'number',
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.9,
    description: 'Momentum of sgd and rmsprop, first beta of adamw.',
  },
  warmup: flag('Climb linearly to lr over the first floor(warmup_ratio · epochs) epochs.'),
  warmup_ratio: {
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.05,
    description: 'Share of the epochs that warm up.',
  },
  warmup_lr: rate('Learning rate of the first warm-up epoch.', 1e-6),
  schedule: {
    enum: ['cosine', 'constant', 'step', 'cosine-restart-wave'],
    default: 'cosine',
    description:
      'Course of the learning rate after the warm-up, an epoch at a time. cosine-restart-wave falls and climbs again, as the original experiments did.',
  },
  min_lr: rate('Lowest rate of a cosine.', 1e-6),
  step_size: {
    type: 'integer',
    minimum: 1,
    default: 30,
    'x-unit': 'epochs',
    description: 'Epochs between two drops of schedule: step.',
  },
  step_gamma: {
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.1,
    description: 'What schedule: step multiplies the rate by at each drop.',
  },
  t_max: {
    type: 'integer',
    minimum: 1,
    default: 10,
    'x-unit': 'epochs',
    description: 'Epochs that cosine-restart-wave takes down, and as many up.',
  },
  loss: {
    type: 'string',
    'x-registry': 'losses',
    default: 'cross-entropy',
    description: 'The supervised loss.',
  },
  poly_epsilon: positive('Factor of mean(1 − p_y) in loss: poly.', 2),
  focal_gamma: positive('Exponent of 1 − p in loss: focal.', 2),
  label_smoothing: {
    type: 'number',
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.1,
    description: 'Share of the target that goes to other classes: evenly to all (focal: to all but the label).',
  },
  class_balance: flag('Weigh classes by sqrt(n / (C · n_c)).'),
  crop: {
    enum: ['random', 'centre'],
    default: 'random',
    description: 'random: a place of the image resized to 1.1 · S; centre: as in validation.',
  },
  flip: flag('Mirror training images with probability ½.'),
  augment: {
    type: 'string',
    'x-registry': 'augmentations',
    default: 'none',
    description: 'Changes each crop at random; operations are Pillow’s, pixel for pixel.',
  },
  mixup: {
    type: 'string',
    'x-registry': 'mixings',
    default: 'none',
    description: 'Mixes the images of a batch with each other, a batch with probability ½, λ ~ Beta(1, 1).',
  },
  select: {
    enum: ['val.accuracy', 'val.loss', 'val.mpa', 'last'],
    default: 'val.accuracy',
    description: 'Which epoch’s weights are kept: the best by a number of the validation split, or the last.',
  },
  patience: {
    type: 'integer',
    minimum: 0,
    default: 30,
    'x-unit': 'epochs',
    description: 'Stop after so many epochs without a better one; 0 = never.',
  },
  ema: flag(
    'Validate and keep an exponential moving average of weights: decay 0.9999 (1 − e^(−u/2000)) after update u.',
  ),
  rdrop: flag(
    'R-Drop: two passes over each batch with dropout of their own, and a penalty on the divergence of what they say.',
  ),
  rdrop_alpha: positive('Weight of the divergence.', 0.3),
  rdrop_reduction: {
    enum: ['sum', 'mean'],
    default: 'sum',
    description: 'Over batch and classes: the divergence is their sum, or the mean.',
  },
  amp: flag(
    'Half precision where the engine has it. None has so far: the stage runs in float32, and its record and tables say so.',
  ),
  on_nan: {
    enum: ['stop', 'retry-float32'],
    default: 'stop',
    description:
      'What a loss that is not finite does. retry-float32 (with amp) trains anew in float32: a stage that ran in float32 already, for want of half precision, stops.',
  },
  seed: {
    type: 'integer',
    minimum: 0,
    maximum: 4_294_967_295,
    default: 0,
    description: 'Seed of initial weights, order, crops, augmentation, mixing and dropout.',
  },
  engine: engineParam,
};

/** What `profile: original` sets: that which the original experiments did beside what they meant to do. */
export const recipeProfiles = { original: { schedule: 'cosine-restart-wave', dropout: 0.2 } } as const;

/**
 * The recipe's parameters that act.
 *
 * @param params - as the schema has completed them
 * @returns all but a dropout that is left to the model
 */
export function effectiveRecipe(params: ValueObject): ValueObject {
  const { dropout, ...others } = params;
  return dropout === undefined || dropout === null ? others : params;
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

/** What a recipe must have. */
export const recipeRequired = ['data', 'model'] as const;

/** Outputs of every training stage. */
export const trainingOutputs = { weights: 'weights.safetensors', log: 'log.txt', curves: 'curves.csv' } as const;

/** Metrics of every training stage; those of a split without images are not reported. */
export const trainingMetrics = [
  ...['val.accuracy', 'val.mpa', 'val.loss', 'train.loss'],
  ...['best_epoch', 'epochs', 'images_per_second', 'parameters', 'macs'],
] as const;
