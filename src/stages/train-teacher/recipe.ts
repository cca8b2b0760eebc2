import type { ValueObject } from '../../core/plan.ts';
import type { CheckContext, ParamProblem, ParamSchema } from '../stage-kind.ts';

const rate = (description: string, initial: number): ParamSchema => ({
  type: 'number',
  minimum: 0,
  default: initial,
  description,
});

const flag = (description: string): ParamSchema => ({ type: 'boolean', default: false, description });

/** Kinds whose `weights` output holds a trained network. */
const TRAINED = { kinds: ['train-teacher', 'distill-student'], output: 'weights' } as const;

/** Reference to a trained network; with `or-one` to several, too. */
export const trainedWeights = (description: string, many?: 'or-one'): ParamSchema => ({
  'x-input': { ...TRAINED, ...(many && { many }) },
  description,
});

/** Parameters that only say where and how fast: of every stage that runs a network. */
export const engineParam: ParamSchema = {
  enum: ['auto', 'wasm', 'reference'],
  default: 'auto',
  description: 'What computes; auto = wasm. Its rounding is part of the result.',
};

/** The packed dataset. */
export const dataParam: ParamSchema = {
  'x-input': { kinds: ['dataset'], output: 'data' },
  description: 'The dataset.',
};

/** The recipe: parameters of every training stage. Defaults are those of the original experiments. */
export const recipeParams: Readonly<Record<string, ParamSchema>> = {
  data: dataParam,
  model: { type: 'string', 'x-registry': 'models', description: 'Architecture of the network that is trained.' },
  weights: trainedWeights('Weights to start from, of the same model; drawn from the seed unless told.'),
  epochs: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    default: 150,
    'x-unit': 'epochs',
    description: 'Passes over the training split.',
  },
  batch_size: {
    type: 'integer',
    minimum: 1,
    maximum: 65_536,
    default: 64,
    'x-unit': 'images',
    description: 'Images an update; the last, partial batch of an epoch is kept.',
  },
  optimizer: {
    enum: ['adamw', 'sgd'],
    default: 'adamw',
    description: 'adamw: betas (momentum, 0.999), eps 1e-8; sgd: Nesterov momentum.',
  },
  lr: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 1e-3,
    description: 'Learning rate: its highest value where a schedule or warm-up changes it.',
  },
  weight_decay: rate('Decay of convolution and linear weights; biases and norms have none.', 5e-4),
  momentum: {
    type: 'number',
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.9,
    description: 'Momentum of sgd, first beta of adamw.',
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
    enum: ['cosine', 'constant'],
    default: 'cosine',
    description: 'Course of the learning rate after the warm-up, an epoch at a time.',
  },
  min_lr: rate('Where the cosine ends.', 1e-6),
  label_smoothing: {
    type: 'number',
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.1,
    description: 'Share of the target that is spread evenly over all classes.',
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
  seed: {
    type: 'integer',
    minimum: 0,
    maximum: 4_294_967_295,
    default: 0,
    description: 'Seed of initial weights, order, crops, augmentation, mixing and dropout.',
  },
  engine: engineParam,
};

/** What a recipe must have. */
export const recipeRequired = ['data', 'model'] as const;

/**
 * A flag that would do nothing.
 *
 * @param name - the parameter
 * @param reason - why it does nothing, a clause
 * @param fix - how to mend it
 * @returns the problem
 */
export const noEffect = (name: string, reason: string, fix: string): ParamProblem => ({
  code: 'no-effect',
  param: [name],
  message: `${name} would do nothing: ${reason}`,
  fix,
});

/** When a parameter of the recipe, though given, would do nothing; and why. */
interface IdleRule {
  readonly name: string;
  readonly idle: (params: ValueObject) => boolean;
  readonly reason: string;
  readonly fix: string;
}

const withoutWarmup = (name: string): IdleRule => ({
  name,
  idle: ({ warmup }) => warmup !== true,
  reason: 'warmup is false',
  fix: `write warmup: true, or remove ${name}`,
});

const IDLE: readonly IdleRule[] = [
  withoutWarmup('warmup_ratio'),
  withoutWarmup('warmup_lr'),
  {
    name: 'min_lr',
    idle: ({ schedule }) => schedule === 'constant',
    reason: 'schedule is constant',
    fix: 'write schedule: cosine, or remove min_lr',
  },
  {
    name: 'mixup',
    idle: ({ mixup, batch_size: size }) => mixup !== 'none' && size === 1,
    reason: 'batch_size is 1, and images are mixed with others of their batch',
    fix: 'raise batch_size, or remove mixup',
  },
  {
    name: 'patience',
    idle: ({ select, patience }) => select === 'last' && patience !== 0,
    reason: 'select is last, so that the newest epoch is always the best',
    fix: 'select by a validation number, or remove patience',
  },
];

/** The same floor as the schedule's, which the runner half can't import. */
const warmupEpochs = (epochs: number, ratio: number): number => Math.floor(epochs * ratio + 1e-9);

function emptyWarmup({ warmup, epochs, warmup_ratio: ratio }: ValueObject): readonly ParamProblem[] {
  if (warmup !== true || typeof epochs !== 'number' || typeof ratio !== 'number') return [];
  if (warmupEpochs(epochs, ratio) > 0) return [];
  const needed = Math.ceil(1 / ratio);
  const reason = `floor(${ratio} · ${epochs}) = 0 epochs of warm-up`;
  return [
    noEffect('warmup', reason, `train for at least ${needed} epochs, raise warmup_ratio, or write warmup: false`),
  ];
}

/** Rates that a schedule or a warm-up would climb down, or up, from the wrong side. */
function crossedRates(params: ValueObject): readonly ParamProblem[] {
  const { lr, schedule, warmup } = params;
  const isUsed = { min_lr: schedule === 'cosine', warmup_lr: warmup === true };
  return (['min_lr', 'warmup_lr'] as const).flatMap((name): readonly ParamProblem[] => {
    const value = params[name];
    if (!isUsed[name] || typeof value !== 'number' || typeof lr !== 'number' || value <= lr) return [];
    const message = `${name} is ${value}, above lr ${lr}`;
    return [{ code: 'rate-above-lr', param: [name], message, expected: `${name} ≤ lr`, fix: `set ${name} below lr` }];
  });
}

/**
 * Rules of the recipe beyond its schema.
 *
 * @param params - full parameters of the cell
 * @param context - what the user wrote
 * @returns problems: flags that would do nothing, rates that cross
 */
export function checkRecipe(params: ValueObject, context: CheckContext): readonly ParamProblem[] {
  const idle = IDLE.filter(({ name, idle: isIdle }) => context.given(name) && isIdle(params));
  return [
    ...idle.map(({ name, reason, fix }) => noEffect(name, reason, fix)),
    ...emptyWarmup(params),
    ...crossedRates(params),
  ];
}

/** Outputs of every training stage. */
export const trainingOutputs = { weights: 'weights.safetensors', log: 'log.txt', curves: 'curves.csv' } as const;

/** Metrics of every training stage; those of a split without images are not reported. */
export const trainingMetrics = [
  ...['val.accuracy', 'val.mpa', 'val.loss', 'train.loss'],
  ...['best_epoch', 'epochs', 'images_per_second', 'parameters', 'macs'],
] as const;
