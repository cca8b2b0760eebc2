import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Model } from '../../../src/ml/models/model.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { warmupEpochs } from '../../../src/params/shared-rules.ts';
import { kinds } from '../../../src/stages/registry.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { problemsOf } from '../../support/kind-rules.ts';
import { completedParams } from '../../support/stage-workshop.ts';

const needed = { data: 'd', model: 'resnet8' };
const problems = (params: JsonObject) => problemsOf(trainTeacher, { ...needed, ...params });
const named = (params: JsonObject) => problems(params).map(({ code, param }) => [code, param.join('.')]);

describe('the train-teacher kind', () => {
  it('is registered under its own name and loads what runs it', async () => {
    expect(kinds['train-teacher']).toBe(trainTeacher);
    expect(trainTeacher.name).toBe('train-teacher');
    expect((await trainTeacher.load()).run).toBeTypeOf('function');
  });

  it('has the original experiments’ recipe as its defaults', () => {
    expect(completedParams(trainTeacher, needed)).toEqual({
      ...needed,
      ...{ epochs: 150, batch_size: 64, optimizer: 'adamw', lr: 1e-3, weight_decay: 5e-4, momentum: 0.9 },
      ...{ warmup: false, warmup_ratio: 0.05, warmup_lr: 1e-6, schedule: 'cosine', min_lr: 1e-6 },
      ...{ step_size: 30, step_gamma: 0.1, t_max: 10 },
      ...{ loss: 'cross-entropy', poly_epsilon: 2, focal_gamma: 2, label_smoothing: 0.1, class_balance: false },
      ...{ crop: 'random', flip: false, augment: 'none', mixup: 'none' },
      ...{ pretrained: false, profile: 'sound', amp: false, on_nan: 'stop' },
      ...{ rdrop: false, rdrop_alpha: 0.3, rdrop_reduction: 'sum' },
      ...{ select: 'val.accuracy', patience: 30, ema: false, seed: 0, engine: 'auto' },
    });
  });

  it('has weights as its first output: what a bare reference reads', () => {
    expect(Object.keys(trainTeacher.outputs({}))).toEqual(['weights', 'log', 'curves']);
  });

  it('describes every parameter', () => {
    for (const schema of Object.values(trainTeacher.params)) expect(schema.description).toMatch(/^\S.*\.$/s);
  });

  it.each<[string, JsonObject]>([
    ['no epochs', { epochs: 0 }],
    ['half an epoch', { epochs: 1.5 }],
    ['a batch of nothing', { batch_size: 0 }],
    ['a learning rate of 0', { lr: 0 }],
    ['full smoothing', { label_smoothing: 1 }],
    ['momentum 1', { momentum: 1 }],
    ['a warm-up that never ends', { warmup_ratio: 1 }],
    ['a negative patience', { patience: -1 }],
    ['a seed beyond 32 bits', { seed: 2 ** 32 }],
    ['an optimiser that is none', { optimizer: 'adam' }],
    ['selection by the test split', { select: 'test.accuracy' }],
    ['an unknown model', { model: 'resnet9000' }],
    ['an unknown augmentation', { augment: 'mosaic' }],
    ['an unknown loss', { loss: 'hinge' }],
    ['an unknown mixing', { mixup: true }],
    ['a flag that does not exist', { half: true }],
  ])('refuses %s', (_, params) => {
    expect(() => completedParams(trainTeacher, { ...needed, ...params })).toThrow();
  });
});

describe('flags that would do nothing', () => {
  it.each<[string, JsonObject, string]>([
    ['warm-up of no epoch', { warmup: true, epochs: 19 }, 'warmup'],
    ['warmup_ratio without warm-up', { warmup_ratio: 0.1 }, 'warmup_ratio'],
    ['warmup_lr without warm-up', { warmup_lr: 1e-5 }, 'warmup_lr'],
    ['min_lr of a constant schedule', { schedule: 'constant', min_lr: 1e-5 }, 'min_lr'],
    ['min_lr of steps', { schedule: 'step', min_lr: 1e-5 }, 'min_lr'],
    ['step_size of a cosine', { step_size: 10 }, 'step_size'],
    ['step_gamma of a cosine', { step_gamma: 0.5 }, 'step_gamma'],
    ['t_max of a cosine that only falls', { t_max: 5 }, 't_max'],
    ['milestones that never come', { schedule: 'milestones', milestones: [20, 30], epochs: 20 }, 'milestones'],
    ['milestones of another schedule', { milestones: [5] }, 'milestones'],
    ['Nesterov’s momentum of AdamW', { nesterov: false }, 'nesterov'],
    ['padding of crops that are not padded', { crop_padding: 2 }, 'crop_padding'],
    ['a mode of such padding', { padding_mode: 'reflect' }, 'padding_mode'],
    ['α without mixing', { mixup_alpha: 0.2 }, 'mixup_alpha'],
    ['the decay of an average that is not kept', { ema_decay: 0.9 }, 'ema_decay'],
    ['steps that never come', { schedule: 'step', step_size: 20, epochs: 20 }, 'schedule'],
    [
      'steps that never come after the warm-up',
      { schedule: 'step', step_size: 19, epochs: 20, warmup: true },
      'schedule',
    ],
    ['poly_epsilon of another loss', { loss: 'focal', poly_epsilon: 1 }, 'poly_epsilon'],
    ['focal_gamma of another loss', { focal_gamma: 1 }, 'focal_gamma'],
    ['R-Drop on a network that draws nothing', { rdrop: true }, 'rdrop'],
    ['R-Drop on one whose dropout is taken away', { model: 'mobilenetv2', dropout: 0, rdrop: true }, 'rdrop'],
    ['rdrop_alpha without R-Drop', { rdrop_alpha: 1 }, 'rdrop_alpha'],
    ['rdrop_reduction without R-Drop', { rdrop_reduction: 'mean' }, 'rdrop_reduction'],
    ['a retry of what is float32 already', { on_nan: 'retry-float32' }, 'on_nan'],
    ['mixing batches of one image', { mixup: 'cutmix', batch_size: 1 }, 'mixup'],
    ['patience when the last epoch is kept', { select: 'last', patience: 5 }, 'patience'],
  ])('are refused: %s', (_, params, param) => {
    const [problem, ...others] = problems(params);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ code: 'no-effect', param: [param] });
    expect(problem?.message).toMatch(new RegExp(`^${param} would do nothing: \\S`));
    expect(problem?.fix).toMatch(/\S/);
  });

  it('are told from those that do something, and from defaults', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ warmup: true, warmup_ratio: 0.1, warmup_lr: 1e-5 })).toEqual([]);
    expect(problems({ warmup: true, epochs: 20 })).toEqual([]);
    expect(problems({ schedule: 'constant' })).toEqual([]);
    expect(problems({ loss: 'poly', poly_epsilon: 1 })).toEqual([]);
    expect(problems({ loss: 'focal', focal_gamma: 1, class_balance: true })).toEqual([]);
    expect(problems({ schedule: 'step', step_size: 19, step_gamma: 0.5, epochs: 20 })).toEqual([]);
    expect(problems({ schedule: 'milestones', milestones: [5, 30], step_gamma: 0.5, epochs: 20 })).toEqual([]);
    expect(problems({ schedule: 'cosine-restart-wave', t_max: 5, min_lr: 0 })).toEqual([]);
    expect(problems({ model: 'mobilenetv2', rdrop: true, rdrop_alpha: 1, rdrop_reduction: 'mean' })).toEqual([]);
    expect(problems({ dropout: 0.1, rdrop: true })).toEqual([]);
    expect(problems({ model: 'efficientnet_v2_s', dropout: 0, rdrop: true })).toEqual([]);
    expect(problems({ amp: true, on_nan: 'stop', profile: 'original' })).toEqual([]);
    expect(problems({ amp: true, on_nan: 'retry-float32' })).toEqual([]);
    expect(problems({ select: 'last', patience: 0 })).toEqual([]);
    // Momentum is AdamW's first beta.
    expect(problems({ optimizer: 'adamw', momentum: 0.8 })).toEqual([]);
  });

  it('counts warm-up epochs as the schedule does', () => {
    for (const ratio of [0.05, 0.07, 0.29, 0.3, 1 / 3])
      for (let epochs = 1; epochs <= 120; epochs++)
        expect(named({ warmup: true, epochs, warmup_ratio: ratio }).length).toBe(
          warmupEpochs(epochs, ratio) === 0 ? 1 : 0,
        );
  });

  it('takes R-Drop on exactly the networks that draw dropout or stochastic depth', () => {
    for (const [model, entry] of Object.entries<Model>(models)) {
      const { side } = entry.nominal;
      const { layers } = entry.build({ height: side, width: side, channels: 3 }, 10);
      const draws = layers.some(({ kind }) => kind === 'dropout' || kind === 'stochastic-depth');
      expect([model, named({ model, rdrop: true })]).toEqual([model, draws ? [] : [['no-effect', 'rdrop']]]);
    }
  });

  it('says how many epochs a warm-up needs', () => {
    expect(problems({ warmup: true, epochs: 10 })[0]).toMatchObject({
      message: 'warmup would do nothing: floor(0.05 · 10) = 0 epochs of warm-up',
      fix: 'train for at least 20 epochs, raise warmup_ratio, or write warmup: false',
    });
  });
});

describe('learning rates', () => {
  it('must not lie above the one that they lead to or come from', () => {
    expect(named({ lr: 1e-7 })).toEqual([['rate-above-lr', 'min_lr']]);
    expect(named({ lr: 1e-7, warmup: true })).toEqual([
      ['rate-above-lr', 'min_lr'],
      ['rate-above-lr', 'warmup_lr'],
    ]);
    expect(named({ lr: 1e-7, schedule: 'cosine-restart-wave' })).toEqual([['rate-above-lr', 'min_lr']]);
    expect(named({ lr: 1e-7, schedule: 'constant' })).toEqual([]);
    expect(named({ lr: 1e-6 })).toEqual([]);
  });
});
