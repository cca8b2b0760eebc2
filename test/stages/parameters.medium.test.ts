import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import type { Json } from '../../src/core/json.ts';
import { unwrap } from '../../src/core/result.ts';
import { planPipeline } from '../../src/pipeline/plan.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import { kinds } from '../../src/stages/registry.ts';
import { yamlOf } from '../pipeline/support/yaml.ts';
import { completedParams } from '../support/stage-workshop.ts';

/** What each kind needs at least; references are any text here. */
const least = {
  dataset: { source: 'image-folder', root: 'birds' },
  'train-teacher': { data: 'd', model: 'resnet8' },
  'distill-student': { data: 'd', model: 'resnet8', teacher: 't', kd_method: 'SoftTarget' },
  evaluate: { data: 'd', of: 'w' },
  command: { shell: 'true' },
} as const;
type Kind = keyof typeof least;

const takes = (kind: Kind, params: Readonly<Record<string, Json>>): boolean => {
  try {
    completedParams(kinds[kind], { ...least[kind], ...params });
    return true;
  } catch {
    return false;
  }
};

/** A parameter, the values at its limits that it takes, and the nearest ones that it refuses. */
type Range = readonly [param: string, taken: readonly Json[], refused: readonly Json[]];

const recipe: readonly Range[] = [
  ['model', ['resnet8', 'convnet4'], ['resnet9', '', 8, null]],
  ['epochs', [1, 100_000], [0, -1, 1.5, 100_001, '3', null]],
  ['schedule_epochs', [1, 100_000], [0, 1.5, 100_001, null]],
  ['batch_size', [1, 65_536], [0, 65_537, 2.5, '64']],
  ['optimizer', ['adamw', 'sgd', 'rmsprop'], ['adam', 'AdamW', null]],
  ['lr', [1e-12, 10], [0, -1e-3, '1e-3']],
  ['weight_decay', [0, 1], [-1e-9, null]],
  ['grad_clip', [1e-6, 5, null], [0, -1, '1']],
  ['grad_clip_mode', ['norm', 'value'], ['agc', null]],
  ['momentum', [0, 0.999], [-0.1, 1]],
  ['nesterov', [true, false], ['yes', null]],
  ['weight_decay_groups', ['weights', 'all'], ['none', true]],
  ['warmup', [true, false], ['yes', 1, null]],
  ['warmup_ratio', [1e-6, 0.999], [0, 1, -0.1]],
  ['warmup_lr', [0, 1], [-1e-9]],
  ['schedule', ['cosine', 'constant', 'step', 'milestones', 'cosine-restart-wave'], ['linear', null]],
  ['min_lr', [0, 1], [-1e-9]],
  ['step_size', [1, 100], [0, 1.5]],
  ['step_gamma', [1e-3, 0.999], [0, 1]],
  ['milestones', [[1], [150, 180, 210]], [[], [0], [2, 2], [1.5], 150, null]],
  ['t_max', [1, 100], [0, 0.5]],
  ['loss', ['cross-entropy', 'poly', 'focal'], ['ce', null]],
  ['poly_epsilon', [1e-3, 6], [0, -1]],
  ['focal_gamma', [1e-3, 5], [0, -1]],
  ['label_smoothing', [0, 0.999], [-0.1, 1]],
  ['class_balance', [true, false], ['true']],
  ['crop', ['random', 'centre', 'pad'], ['center', 'none']],
  ['crop_padding', [1, 512], [0, 513, 1.5]],
  ['padding_mode', ['constant', 'reflect'], ['edge', 'zero']],
  ['random_erasing', [0, 1], [-0.1, 1.1, true]],
  ['flip', [true, false], [0.5, 'true']],
  ['augment', ['none', 'autoaugment'], ['AutoAugment', null]],
  ['mixup', ['none', 'cutmix'], [true, 0.2]],
  ['mixup_alpha', [1e-3, 8], [0, -1]],
  ['select', ['val.accuracy', 'val.loss', 'val.mpa', 'last'], ['test.accuracy', 'best']],
  ['patience', [0, 1, 1000], [-1, 0.5]],
  ['ema', [true, false], [0.9999]],
  ['ema_decay', [1e-3, 0.99999], [0, 1]],
  ['profile', ['sound', 'original', 'repdistiller', 'mdistiller'], ['paper', true]],
  ['kept_weights', ['float32', 'float16'], ['bfloat16', 16]],
  ['amp', [true, false], ['float16']],
  ['on_nan', ['stop', 'retry-float32'], ['ignore']],
  ['rdrop', [true, false], [0.3, 'true']],
  ['rdrop_alpha', [1e-3, 5], [0, -1]],
  ['rdrop_reduction', ['sum', 'mean'], ['batchmean']],
  ['seed', [0, 2 ** 32 - 1], [-1, 2 ** 32, 0.5, '0']],
  ['engine', ['auto', 'wasm', 'reference'], ['cpu', 'cuda']],
];

const ranges: Readonly<Record<Kind, readonly Range[]>> = {
  dataset: [
    ['source', ['image-folder', 'idx', 'mnist-digits'], ['imagenet', '', null]],
    ['root', ['a', '/a b', null], ['', 3]],
    ['image_size', [null, 8, 1024], [7, 1025, 28.5, '28']],
    [
      'split',
      [{}, { val: 0 }, { test: 0.999, seed: 7 }, 'original', 'official', { test: 'official' }],
      [
        'random',
        { test: 'own' },
        { val: 1 },
        { test: -0.1 },
        { seed: -1 },
        { seed: 0.5 },
        { train: 0.8 },
        [0.2, 0.2],
        null,
      ],
    ],
    ['limit', [{}, { train: 2 }, { val: 3, test: 4 }], [{ train: 1 }, { train: 2.5 }, { dev: 2 }, 10, null]],
    [
      'mean_std',
      [
        'imagenet',
        'data',
        [
          [0, 0, 0],
          [1, 1, 1],
        ],
      ],
      [
        'mnist',
        [[0, 0, 0]],
        [
          [0, 0, 0],
          [1, 1, 0],
        ],
        [
          [0, 0],
          [1, 1],
        ],
        null,
      ],
    ],
    ['on_bad_image', ['fail', 'skip'], ['warn', true]],
    ['crop', ['none', 'box'], ['centre', true]],
  ],
  'train-teacher': recipe,
  'distill-student': [
    ...recipe,
    ['kd_method', ['SoftTarget', 'AT'], ['softtarget', '', null]],
    ['kd_ratio', [1e-9, 1, 1000], [0, -0.5, '0.7']],
    ['kd_weight', [1e-9, 1000, 'published'], [0, -1, 'usual']],
    ['ce_weight', [0, 0.1, 10, null], [-0.1, '1']],
    ['second_view', ['none', 'fixmatch', 'randaugment'], ['strong', true, null]],
    ['ramp', [0, 20, null], [-1, 0.5]],
    ['temperature', [0.5, 20], [0, -4]],
  ],
  evaluate: [
    ['splits', [['train'], ['test', 'val', 'train']], [[], ['dev'], ['val', 'val'], 'val', null]],
    ['tta', [['none'], ['ten-crop', 'none']], [[], ['flip'], ['none', 'none'], 'none']],
    ['batch_size', [1, 65_536], [0, 65_537, 1.5]],
    ['engine', ['auto', 'wasm', 'reference'], ['cpu']],
  ],
  command: [
    ['run', [['true'], []], ['true', {}]],
    ['shell', ['x'], ['', 3]],
    ['inputs', [{}, { a: 'x' }], [['x'], 'x']],
    ['outputs', [{ a: 'b' }, {}], [{ a: 3 }, ['a'], 'a']],
    ['metrics', ['m.json'], [3, ['m.json']]],
    ['env', [{ A: 'x', B: 1, C: true }, {}], [{ A: null }, { A: ['x'] }, 'A=x']],
    ['cwd', ['.', '/'], [3, null]],
    ['seed', [0, -1, 7], [0.5, '0', null]],
  ],
};

describe.each(Object.keys(ranges) as Kind[])('parameters of %s', (kind) => {
  it.each(ranges[kind])('%s takes what lies at its limits, and nothing beyond', (param, taken, refused) => {
    expect(taken.filter((value) => !takes(kind, { [param]: value }))).toEqual([]);
    expect(refused.filter((value) => takes(kind, { [param]: value }))).toEqual([]);
  });
});

/** The smallest pipeline in which every kind stands; what `change` gives to a stage is merged into it. */
function pipeline(change: Readonly<Record<string, Readonly<Record<string, Json>>>>): string {
  const stages = {
    digits: { uses: 'dataset', with: { source: 'mnist-digits' } },
    teacher: { uses: 'train-teacher', with: { data: '${stages.digits}', model: 'resnet8' } },
    student: {
      uses: 'distill-student',
      with: {
        data: '${stages.digits}',
        teacher: '${stages.teacher}',
        model: 'convnet4',
        kd_method: 'SoftTarget',
        kd_ratio: 0.7,
      },
    },
    score: { uses: 'evaluate', with: { data: '${stages.digits}', of: '${stages.student}' } },
    print: { uses: 'command', with: { shell: 'true' } },
  };
  const changed = Object.entries(stages).map(([id, stage]) => [
    id,
    { ...stage, with: { ...stage.with, ...change[id] } },
  ]);
  return yamlOf({ stages: Object.fromEntries(changed) });
}

function failuresOf(text: string): readonly Failure[] {
  const plan = planPipeline({ file: 'p.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() });
  return plan.ok ? [] : plan.failures;
}
const problems = (change: Parameters<typeof pipeline>[0]) =>
  failuresOf(pipeline(change)).map(({ code, message }) => `${code}: ${message}`);

describe('references of the registered kinds', () => {
  it('lead to the kinds that make what is read', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ score: { of: '${stages.teacher}' } })).toEqual([]);
    expect(problems({ student: { teacher: '${stages.teacher.weights}', weights: '${stages.teacher}' } })).toEqual([]);
    expect(problems({ print: { inputs: { all: ['${stages.digits}', '${stages.score.confusion}'] } } })).toEqual([]);
  });

  it.each<[string, string, string, string]>([
    ['teacher', 'data', '${stages.print}', 'wrong-kind: parameter data: print is of kind command'],
    ['teacher', 'data', 'digits', 'wrong-type: parameter data: got "digits"'],
    ['teacher', 'weights', '${stages.digits}', 'wrong-kind: parameter weights: digits is of kind dataset'],
    ['student', 'teacher', '${stages.digits}', 'wrong-kind: parameter teacher: digits is of kind dataset'],
    ['score', 'of', '${stages.digits}', 'wrong-kind: parameter of: digits is of kind dataset'],
    ['score', 'data', '${stages.teacher}', 'wrong-kind: parameter data: teacher is of kind train-teacher'],
    ['score', 'of', '${stages.student.wheights}', 'unknown-output: student has no output "wheights"'],
    ['score', 'of', 'weights: ${stages.student}', 'wrong-type: parameter of: got a text with a reference in it'],
    ['print', 'inputs', '${stages.score}', 'wrong-type: parameter inputs: got a reference to score'],
  ])('%s.%s may not be %s', (stage, param, value, problem) => {
    expect(problems({ [stage]: { [param]: value } })).toEqual([problem]);
  });
});

describe('a profile', () => {
  const paramsOf = (change: Parameters<typeof pipeline>[0], defaults = '') => {
    const text = defaults + pipeline(change);
    const plan = planPipeline({ file: 'p.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() });
    const cells = unwrap(plan).plan.cells.map(({ stage, params }) => [stage, params] as const);
    return new Map(cells);
  };

  it('sets the defaults of others: what the original experiments did', () => {
    const profile = { profile: 'original' };
    const cells = paramsOf({ teacher: profile, student: profile });
    expect(cells.get('teacher')).toMatchObject({ schedule: 'cosine-restart-wave', t_max: 10, min_lr: 1e-6 });
    expect(cells.get('teacher')).toMatchObject({ dropout: 0.2, kept_weights: 'float16' });
    expect(cells.get('student')).toMatchObject({
      ...{ schedule: 'cosine-restart-wave', dropout: 0.2, kept_weights: 'float16' },
      ...{ rdrop_distilling: false, adapter_schedule: 'original' },
    });
    const sound = paramsOf({});
    expect(sound.get('teacher')).toMatchObject({ profile: 'sound', schedule: 'cosine' });
    expect(sound.get('student')).toMatchObject({ schedule: 'cosine', rdrop_distilling: true });
    // What does not act is no parameter of the cell, and so not in its key.
    for (const name of ['dropout', 'kept_weights', 'adapter_schedule'])
      expect(sound.get('student')).not.toHaveProperty(name);
  });

  it('gives way to what is written, and may stand in defaults itself', () => {
    const written = paramsOf({ student: { profile: 'original', schedule: 'constant' } }).get('student');
    expect(written).toMatchObject({ schedule: 'constant', rdrop_distilling: false });
    const defaults = 'defaults: { train-teacher: { profile: original } }\n';
    expect(paramsOf({}, defaults).get('teacher')).toMatchObject({ schedule: 'cosine-restart-wave' });
  });

  it('is not in the key: the parameters that it sets are', () => {
    for (const kind of ['train-teacher', 'distill-student'] as const) expect(kinds[kind].unkeyed).toContain('profile');
  });

  it('is refused where all that it would set is written', () => {
    expect(
      problems({ teacher: { profile: 'original', schedule: 'cosine', dropout: 0.1, kept_weights: 'float32' } }),
    ).toEqual(['no-effect: profile would do nothing: schedule, dropout and kept_weights are written out']);
  });
});

describe('a flag that would do nothing', () => {
  it('is refused where it is given for one stage', () => {
    expect(problems({ teacher: { warmup_lr: 1e-5 } })).toEqual([
      'no-effect: warmup_lr would do nothing: warmup is false',
    ]);
  });

  it('is refused in defaults, once for each stage that would take it', () => {
    const text = `defaults: { train-teacher: { warmup_lr: 1.0e-5 } }\n${pipeline({})}`;
    const [failure, ...others] = failuresOf(text);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ code: 'no-effect', place: { line: 1 } });
  });

  it('is refused as an axis, in the cells where it does nothing and no others', () => {
    const stages =
      'stages:\n  digits: { uses: dataset, with: { source: mnist-digits } }\n  teacher:\n    uses: train-teacher\n';
    const axes = '    matrix: { warmup: [false, true], warmup_lr: [1.0e-5, 1.0e-6] }\n';
    const text = `${stages}${axes}    with: { data: "\${stages.digits}", model: resnet8, epochs: 40 }`;
    expect(failuresOf(text).map(({ message, place }) => [message, place?.column])).toEqual([
      [expect.stringMatching(/^warmup_lr would do nothing: .* \(in teacher\[warmup=false,warmup_lr=0\.00001\]\)$/), 50],
      [
        expect.stringMatching(/^warmup_lr would do nothing: .* \(in teacher\[warmup=false,warmup_lr=0\.000001\]\)$/),
        58,
      ],
    ]);
  });

  it.each<[string, string, Readonly<Record<string, Json>>, string]>([
    ['the root of digits that come with a package', 'digits', { root: 'x' }, 'root'],
    ['what to do with bad images where there are no files', 'digits', { on_bad_image: 'skip' }, 'on_bad_image'],
    ['a temperature of AT', 'student', { kd_method: 'AT', temperature: 2 }, 'temperature'],
    ['blocks of soft targets', 'student', { blocks: [2, 3] }, 'blocks'],
    ['the end of a schedule that is constant', 'student', { schedule: 'constant', min_lr: 1e-7 }, 'min_lr'],
    ['patience where the last epoch is kept', 'teacher', { select: 'last', patience: 3 }, 'patience'],
  ])('is refused: %s', (_, stage, params, param) => {
    expect(problems({ [stage]: params })).toEqual([
      expect.stringMatching(new RegExp(`^no-effect: ${param} would do nothing: `)),
    ]);
  });

  it('is told apart from a default that happens to do nothing', () => {
    expect(problems({ teacher: { schedule: 'constant' }, student: { kd_method: 'AT' } })).toEqual([]);
  });
});
