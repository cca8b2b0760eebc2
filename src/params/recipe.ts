import type { ParamSchema, ParamSchemas } from './param-schema.ts';
import type { ParamsOf } from './params-of.ts';
import { batchSizeParam, dataParam, engineParam, TRAINED } from './shared-params.ts';

const rate = (description: string, initial: number) =>
  ({ type: 'number', minimum: 0, default: initial, description }) as const satisfies ParamSchema;

const positive = (description: string, initial: number) =>
  ({ type: 'number', exclusiveMinimum: 0, default: initial, description }) as const satisfies ParamSchema;

const flag = (description: string) => ({ type: 'boolean', default: false, description }) as const satisfies ParamSchema;

/**
 * The recipe: parameters of every training stage, said once. Plans are checked by it, and the training loop's types are
 * derived from it ({@link RecipeParams}). Defaults are those of the original experiments.
 */
export const recipeParams = {
  data: dataParam,
  model: { type: 'string', 'x-registry': 'models', description: 'Architecture of the network that is trained.' },
  pretrained: flag('Start from the weights that the model’s authors published, trained on ImageNet.'),
  weights: {
    'x-input': { ...TRAINED, text: 'a path (.safetensors, .pth), https://… or hf:owner/repo[@revision]' },
    description:
      'Weights to start from, of the same model: a stage’s, or a file. Drawn from the seed by default; so is the classifier where they tell other classes.',
  },
  profile: {
    enum: ['sound', 'original', 'repdistiller', 'mdistiller'],
    default: 'sound',
    description:
      'Defaults of other parameters. original: what the original experiments really did, schedule: cosine-restart-wave, dropout: 0.2, kept_weights: float16 and, while distilling, rdrop_distilling: false, adapter_schedule: original. repdistiller, mdistiller: the recipe of these programs on CIFAR-100, which is one: kdpipe show train-teacher lists it.',
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
    description:
      'Passes over the training split. More of them go on from a finished training of fewer, where the schedule allows it.',
  },
  extend: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    'x-unit': 'epochs',
    'x-because': 'what comes out must not depend on what the store holds',
    description:
      'Train so many epochs as `epochs` of that number would, then on to `epochs` at its rates: for a schedule that falls over all epochs, as a cosine does. Others go on by themselves.',
  },
  schedule_epochs: {
    type: 'integer',
    minimum: 1,
    maximum: 100_000,
    'x-unit': 'epochs',
    description:
      'Epochs over which schedule and warm-up are laid, of which the first `epochs` are trained: trainings that differ in `epochs` alone then go on from each other, whatever the schedule. All are trained by default.',
  },
  batch_size: batchSizeParam('Images an update; the last, partial batch of an epoch is kept.'),
  optimizer: {
    enum: ['adamw', 'sgd', 'rmsprop'],
    default: 'adamw',
    description:
      'adamw: betas (momentum, 0.999), eps 1e-8; sgd: with momentum; rmsprop: alpha 0.99, eps 1e-8, momentum.',
  },
  lr: positive('Learning rate: its highest value where a schedule or warm-up changes it.', 1e-3),
  nesterov: { type: 'boolean', default: true, description: 'Whether the momentum of sgd is Nesterov’s.' },
  weight_decay: rate('Weight decay: decoupled in adamw, a part of the gradient in sgd and rmsprop.', 5e-4),
  weight_decay_groups: {
    enum: ['weights', 'all'],
    default: 'weights',
    description:
      'What decays: convolution and linear weights, or biases and norms too, as in a plain PyTorch optimiser.',
  },
  grad_clip: {
    anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }],
    default: null,
    description:
      'Bound of the gradients before each update, those of trained adapters with the network’s; null = none.',
  },
  grad_clip_mode: {
    enum: ['norm', 'value'],
    default: 'norm',
    description:
      'norm: all gradients are scaled down so that their common L2 norm is at most grad_clip, as PyTorch’s clip_grad_norm_ does; value: each is cut to ± grad_clip, as clip_grad_value_ does.',
  },
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
    enum: ['cosine', 'constant', 'step', 'milestones', 'cosine-restart-wave'],
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
    description: 'What schedule: step, or milestones, multiplies the rate by at each drop.',
  },
  milestones: {
    type: 'array',
    items: { type: 'integer', minimum: 1 },
    minItems: 1,
    uniqueItems: true,
    'x-unit': 'epochs',
    description:
      'Epochs, counted from 0 and from the beginning of the warm-up, at which schedule: milestones drops the rate.',
    examples: [[150, 180, 210]],
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
    enum: ['random', 'centre', 'pad'],
    default: 'random',
    description:
      'random: a place of the image resized to 1.1 · S; centre: as in validation; pad: a place of that, widened by crop_padding on all sides.',
  },
  crop_padding: {
    type: 'integer',
    minimum: 1,
    maximum: 512,
    default: 4,
    'x-unit': 'pixels',
    description: 'How far crop: pad widens images.',
  },
  padding_mode: {
    enum: ['constant', 'reflect'],
    default: 'constant',
    description: 'What stands there, as in torchvision: black, or the image mirrored at its edge.',
  },
  flip: flag('Mirror training images with probability ½.'),
  augment: {
    type: 'string',
    'x-registry': 'augmentations',
    default: 'none',
    description: 'Changes each crop at random; operations are those of Pillow 11.3, pixel for pixel.',
  },
  random_erasing: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0,
    description:
      'Probability that a rectangle of an image is erased, 2 to 33 % of its area: the dataset’s mean stands there, as with torchvision’s RandomErasing after normalisation.',
  },
  mixup: {
    type: 'string',
    'x-registry': 'mixings',
    default: 'none',
    description:
      'Mixes the images of a batch with each other, a batch with probability ½, λ ~ Beta(mixup_alpha, mixup_alpha).',
  },
  mixup_alpha: positive('α of the Beta distribution of mixup’s and cutmix’s λ; 1 draws it evenly.', 1),
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
    'Validate and keep an exponential moving average of weights: decay ema_decay · (1 − e^(−u/2000)) after update u.',
  ),
  ema_decay: {
    type: 'number',
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    default: 0.9999,
    description: 'Decay of the moving average of many updates.',
  },
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
    'Half precision where the engine has it: products of training steps from bfloat16 operands, with float32 sums (engine: native on processors with AVX-512 BF16). Elsewhere the stage runs in float32. Its record and tables say which.',
  ),
  kept_weights: {
    enum: ['float32', 'float16'],
    default: 'float32',
    description:
      'Precision of the values that are kept of the trained weights, and that teachers and evaluations read; float16 rounds them at the end, as the original experiments did.',
  },
  on_nan: {
    enum: ['stop', 'retry-float32'],
    default: 'stop',
    description:
      'What a loss that is not finite does. retry-float32 (with amp) trains anew in float32: a stage that ran in float32 already stops.',
  },
  seed: {
    type: 'integer',
    minimum: 0,
    maximum: 4_294_967_295,
    default: 0,
    description: 'Seed of initial weights, order, crops, augmentation, mixing and dropout.',
  },
  engine: engineParam,
} as const satisfies ParamSchemas;

/** What a recipe must have. */
export const recipeRequired = ['data', 'model'] as const;

/** The recipe's parameters of distilling stages alone. */
export const distillingParams = {
  ce_weight: {
    anyOf: [{ type: 'number', minimum: 0 }, { type: 'null' }],
    default: null,
    description:
      'Weight of the supervised loss; null = 1, or with kd_weight: published that of the method’s own program.',
  },
  rdrop_distilling: {
    type: 'boolean',
    default: true,
    description: 'Whether rdrop acts while distilling; the original experiments ignored it.',
  },
  second_view: {
    type: 'string',
    'x-registry': 'augmentations',
    default: 'none',
    description:
      'Shows each image in two ways, a pass each through student and teacher, whose losses are averaged: the second with a crop and a mirroring of its own and this augmentation. none: in one way.',
  },
  adapter_schedule: {
    enum: ['student', 'original'],
    default: 'student',
    description:
      'Learning rate of trained adapters: the student’s, or what the original experiments gave them: lr in the first epoch, and min_lr once cosine-restart-wave has fallen to it.',
  },
} as const satisfies ParamSchemas;

/** The recipe as code reads it; `Names` are those of the registries that the reader knows. */
export type RecipeParams<Names = unknown> = ParamsOf<typeof recipeParams, (typeof recipeRequired)[number], Names>;

/** What a distilling stage's recipe has beside it. */
export type DistillingParams<Names = unknown> = ParamsOf<typeof distillingParams, never, Names>;
