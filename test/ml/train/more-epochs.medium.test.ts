import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/ml/train/checkpoint.ts';
import type { TrainingResult } from '../../../src/ml/train/job.ts';
import { curvesOf, logOf } from '../../../src/ml/train/records.ts';
import { recipeParams } from '../../../src/params/recipe.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { heldCheckpoint, train, type Run } from '../../support/training-job.ts';

const data = paintedSet({ train: 14, val: 9 });
type Change = NonNullable<Run['recipe']>;
const BASE = { batch_size: 6, schedule: 'constant', select: 'val.accuracy', dropout: 0.2 } as const;

const digest = (state: StateDict): string =>
  [...state]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .reduce((hash, [name, values]) => hash.update(name).update(values), createHash('sha256'))
    .digest('hex');
const facts = ({ state, history, best, batches }: TrainingResult) => ({
  ...{ state: digest(state), batches, curves: curvesOf(history), log: logOf(history, best) },
});

/** Trains to a number of epochs, from the checkpoint that another training has ended in. */
async function trained(recipe: Change, epochs: number, from?: Uint8Array) {
  const checkpoint = heldCheckpoint();
  if (from) checkpoint.saved = decodeCheckpoint(from, 'held');
  const result = await train({ data, recipe: { ...BASE, ...recipe, epochs }, change: { checkpoint } });
  return { facts: facts(result!), end: encodeCheckpoint(checkpoint.saved!) };
}

/**
 * Every parameter of the recipe, as something else than its default: what it says must be the same whatever the number of
 * epochs is, or `src/stages/training/growth.ts` must know. A new one has to be added here.
 */
const TRIED: Readonly<Record<string, readonly Change[]>> = {
  dropout: [{ dropout: null }, { dropout: 0.5 }],
  batch_size: [{ batch_size: 5 }],
  optimizer: [{ optimizer: 'sgd' }, { optimizer: 'rmsprop' }],
  lr: [{ lr: 3e-3 }],
  weight_decay: [{ weight_decay: 0.1 }],
  grad_clip: [{ grad_clip: 0.1 }],
  grad_clip_mode: [{ grad_clip: 0.01, grad_clip_mode: 'value' }],
  momentum: [{ momentum: 0.5 }],
  nesterov: [{ optimizer: 'sgd', nesterov: false }],
  weight_decay_groups: [{ weight_decay_groups: 'all', weight_decay: 0.1 }],
  // One epoch of either length.
  warmup: [{ warmup: true, warmup_ratio: 0.34 }],
  warmup_ratio: [{ warmup: true, warmup_ratio: 0.35 }],
  warmup_lr: [{ warmup: true, warmup_ratio: 0.34, warmup_lr: 1e-3 }],
  schedule: [{ schedule: 'constant' }, { schedule: 'step', step_size: 2 }, { schedule: 'cosine-restart-wave' }],
  schedule_epochs: [{ schedule: 'cosine', schedule_epochs: 6, warmup: true, warmup_ratio: 0.34 }],
  min_lr: [{ schedule: 'cosine-restart-wave', min_lr: 1e-3 }],
  step_size: [
    { schedule: 'step', step_size: 3 },
    { schedule: 'step', step_size: 1 },
  ],
  step_gamma: [{ schedule: 'step', step_size: 1, step_gamma: 0.5 }],
  milestones: [{ schedule: 'milestones', milestones: [2, 4] }],
  t_max: [{ schedule: 'cosine-restart-wave', t_max: 2 }],
  loss: [{ loss: 'focal' }, { loss: 'poly' }],
  poly_epsilon: [{ loss: 'poly', poly_epsilon: 1 }],
  focal_gamma: [{ loss: 'focal', focal_gamma: 1 }],
  label_smoothing: [{ label_smoothing: 0 }],
  class_balance: [{ class_balance: true }],
  crop: [{ crop: 'centre' }, { crop: 'pad' }],
  crop_padding: [{ crop: 'pad', crop_padding: 1 }],
  padding_mode: [{ crop: 'pad', padding_mode: 'reflect' }],
  random_erasing: [{ random_erasing: 0.5 }],
  flip: [{ flip: true }],
  augment: [{ augment: 'randaugment' }],
  mixup: [{ mixup: 'mixup' }, { mixup: 'cutmix' }],
  mixup_alpha: [{ mixup: 'mixup', mixup_alpha: 0.2 }],
  select: [{ select: 'last' }, { select: 'val.loss' }, { select: 'val.mpa' }],
  // Over before either end, and between them.
  patience: [{ patience: 1, lr: 0.5 }, { patience: 2 }],
  ema: [{ ema: true }],
  ema_decay: [{ ema: true, ema_decay: 0.9 }],
  rdrop: [{ rdrop: true }],
  rdrop_alpha: [{ rdrop: true, rdrop_alpha: 2 }],
  rdrop_reduction: [{ rdrop: true, rdrop_reduction: 'mean' }],
  amp: [{ amp: true }],
  kept_weights: [{ kept_weights: 'float16' }],
  on_nan: [{ amp: true, on_nan: 'retry-float32' }],
  seed: [{ seed: 11 }],
  engine: [{ engine: 'wasm' }],
};
/** They say how long a training is, what it starts from, or set others. */
const OTHERS = ['data', 'model', 'weights', 'pretrained', 'profile', 'epochs', 'extend'];

describe('every parameter of the recipe', () => {
  it('is tried', () => {
    expect([...Object.keys(TRIED), ...OTHERS].sort()).toEqual(Object.keys(recipeParams).sort());
  });

  it.each(Object.entries(TRIED).flatMap(([name, changes]) => changes.map((change) => [name, change] as const)))(
    'lets a finished training go on to more epochs, with the bits of one that was never shorter: %s %o',
    async (_, change) => {
      const straight = await trained(change, 5);
      const shorter = await trained(change, 3);
      expect((await trained(change, 5, shorter.end)).facts).toEqual(straight.facts);
    },
  );
});

describe('a cosine', () => {
  const cosine = { schedule: 'cosine' } as const;

  it('goes on with extend: as one that has trained so from its start', async () => {
    const extended = await trained({ ...cosine, extend: 3 }, 5);
    const shorter = await trained(cosine, 3);
    expect((await trained({ ...cosine, extend: 3 }, 5, shorter.end)).facts).toEqual(extended.facts);
    expect(extended.facts).not.toEqual((await trained(cosine, 5)).facts);
    expect(extended.facts.curves.split('\n').slice(0, 4)).toEqual(shorter.facts.curves.split('\n').slice(0, 4));
  });
});
