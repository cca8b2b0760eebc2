import { describe, expect, it } from 'vitest';
import { learningRate } from '../../../src/ml/optim/schedule.ts';
import { countPasses, optimizerOf } from '../../../src/ml/train/recipe.ts';
import { recipeWith } from '../../support/training-job.ts';

describe('a recipe', () => {
  it('has AdamW’s betas (momentum, 0.999) and eps 1e-8', () => {
    expect(optimizerOf(recipeWith({ momentum: 0.8 }))).toMatchObject({
      ...{ name: 'adamw', beta1: 0.8, beta2: 0.999, eps: 1e-8, decays: 'weights' },
    });
  });

  it('takes Nesterov’s step with SGD, where there is momentum', () => {
    const sgd = (momentum: number) => optimizerOf(recipeWith({ optimizer: 'sgd', momentum }));
    expect(sgd(0.9)).toMatchObject({ name: 'sgd', momentum: 0.9, nesterov: true });
    expect(sgd(0)).toMatchObject({ name: 'sgd', momentum: 0, nesterov: false });
    expect(optimizerOf(recipeWith({ optimizer: 'sgd', nesterov: false }))).toMatchObject({ nesterov: false });
  });

  it('has PyTorch’s alpha and eps with RMSprop', () => {
    const optimizer = optimizerOf(recipeWith({ optimizer: 'rmsprop', momentum: 0.5 }));
    expect(optimizer).toMatchObject({ name: 'rmsprop', alpha: 0.99, eps: 1e-8, momentum: 0.5 });
  });

  it('lets biases and norms decay where it is asked to', () => {
    expect(optimizerOf(recipeWith({ weight_decay_groups: 'all' })).decays).toBe('all');
  });

  it('makes two passes with R-Drop, unless a distilling stage ignores it', () => {
    const passes = (rdrop_distilling?: boolean) =>
      countPasses(recipeWith({ rdrop: true, ...(rdrop_distilling !== undefined && { rdrop_distilling }) }));
    expect([passes(), passes(true), passes(false)]).toEqual([2, 2, 1]);
    expect(countPasses(recipeWith({}))).toBe(1);
  });

  it('warms up only where it is asked to', () => {
    const first = (warmup: boolean) =>
      learningRate(recipeWith({ epochs: 10, warmup, warmup_ratio: 0.3, warmup_lr: 0.5, lr: 1 }), 0);
    expect([first(true), first(false)]).toEqual([0.5, 1]);
  });
});
