import { describe, expect, it } from 'vitest';
import { recipeWith } from '../../support/training-job.ts';

describe('a recipe', () => {
  it('has AdamW’s betas (momentum, 0.999) and eps 1e-8', () => {
    expect(recipeWith({ momentum: 0.8 }).optimizer).toEqual({ name: 'adamw', beta1: 0.8, beta2: 0.999, eps: 1e-8 });
  });

  it('takes Nesterov’s step with SGD, where there is momentum', () => {
    const sgd = (momentum: number) => recipeWith({ optimizer: 'sgd', momentum }).optimizer;
    expect(sgd(0.9)).toEqual({ name: 'sgd', momentum: 0.9, nesterov: true });
    expect(sgd(0)).toEqual({ name: 'sgd', momentum: 0, nesterov: false });
  });

  it('has PyTorch’s alpha and eps with RMSprop', () => {
    const { optimizer } = recipeWith({ optimizer: 'rmsprop', momentum: 0.5 });
    expect(optimizer).toEqual({ name: 'rmsprop', alpha: 0.99, eps: 1e-8, momentum: 0.5 });
  });

  it('makes two passes with R-Drop, unless a distilling stage ignores it', () => {
    const rdrop = { rdrop: true, rdrop_alpha: 0.5, rdrop_reduction: 'mean' } as const;
    expect(recipeWith(rdrop).rdrop).toEqual({ alpha: 0.5, reduction: 'mean' });
    expect(recipeWith({ ...rdrop, rdrop_distilling: true }).rdrop).toEqual({ alpha: 0.5, reduction: 'mean' });
    expect(recipeWith({ ...rdrop, rdrop_distilling: false }).rdrop).toBeNull();
    expect(recipeWith({}).rdrop).toBeNull();
  });

  it('warms up only where it is asked to', () => {
    const ratio = (warmup: boolean) => recipeWith({ warmup, warmup_ratio: 0.3 }).rate.warmupRatio;
    expect([ratio(true), ratio(false)]).toEqual([0.3, 0]);
  });

  it('carries every number over', () => {
    const loss = { loss: 'poly', label_smoothing: 0.2, poly_epsilon: 3, focal_gamma: 5 } as const;
    const recipe = recipeWith({ lr: 0.5, min_lr: 0.25, epochs: 9, weight_decay: 0.125, ...loss });
    expect(recipe).toMatchObject({
      epochs: 9,
      weightDecay: 0.125,
      loss: 'poly',
      shape: { smoothing: 0.2, polyEpsilon: 3, focalGamma: 5 },
    });
    expect(recipe.rate).toMatchObject({ epochs: 9, rate: 0.5, minRate: 0.25, schedule: 'cosine' });
    const course = recipeWith({ schedule: 'step', step_size: 4, step_gamma: 0.3, t_max: 6 }).rate;
    expect(course).toMatchObject({ schedule: 'step', stepSize: 4, stepFactor: 0.3, halfPeriod: 6 });
  });
});
