import type { StageKind } from '../../../src/stages/stage-kind.ts';
import type { Catalogue } from '../../../src/stages/catalogue.ts';

/** Names that the small kinds refer to. */
export const catalogue: Catalogue = {
  models: { resnet50: { dropout: false }, resnet18: { dropout: false }, mobilenetv2: { dropout: true } },
  methods: { SoftTarget: {}, MGD: {}, AT: {} },
};

const recipe: StageKind['params'] = {
  model: { type: 'string', 'x-registry': 'models', description: 'Architecture.' },
  epochs: { type: 'integer', minimum: 1, maximum: 1000, default: 150, 'x-unit': 'epochs' },
  lr: { type: 'number', exclusiveMinimum: 0, default: 1e-3 },
  ema: { type: 'boolean', default: false },
  blocks: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 4 }, default: [3, 4] },
  seed: { type: 'integer', minimum: 0, default: 0 },
};

const trained = () => ({ weights: 'weights.safetensors', log: 'log.txt' });

const unused = () => Promise.reject(new Error('plans never run stages'));

const kind = (name: string, rest: Partial<StageKind>): StageKind => ({
  name,
  resultVersion: 1,
  summary: `A small ${name}.`,
  params: {},
  required: [],
  unkeyed: [],
  outputs: () => ({ out: '.' }),
  load: unused,
  ...rest,
});

/** Kinds with the shapes of the real ones, small enough to be read beside a test. */
export const kinds = {
  dataset: kind('dataset', {
    params: {
      source: { type: 'string' },
      root: { type: 'string', minLength: 1 },
      split: {
        type: 'object',
        properties: {
          val: { type: 'number', minimum: 0, maximum: 1, default: 0.2 },
          seed: { type: 'integer', default: 0 },
        },
        additionalProperties: false,
        default: { val: 0.2, seed: 0 },
      },
    },
    required: ['source'],
    outputs: () => ({ data: 'data' }),
  }),
  'train-teacher': kind('train-teacher', {
    params: { data: { 'x-input': { kinds: ['dataset'], output: 'data' } }, ...recipe },
    required: ['data', 'model'],
    outputs: trained,
  }),
  'distill-student': kind('distill-student', {
    params: {
      data: { 'x-input': { kinds: ['dataset'], output: 'data' } },
      teacher: { 'x-input': { kinds: ['train-teacher', 'distill-student'], output: 'weights' } },
      kd_method: { type: 'string', 'x-registry': 'methods', default: 'SoftTarget' },
      kd_ratio: { type: 'number', minimum: 0, default: 0.5 },
      ...recipe,
      rdrop: { type: 'boolean', default: false },
    },
    required: ['data', 'teacher', 'model'],
    outputs: trained,
    check: (params, context) => {
      const name = params['model'];
      const model = typeof name === 'string' ? context.facts('models', name) : undefined;
      if (params['rdrop'] !== true || model?.['dropout'] === true) return [];
      return [{ code: 'no-dropout', param: ['rdrop'], message: 'rdrop does nothing: the student has no dropout' }];
    },
  }),
  evaluate: kind('evaluate', {
    params: {
      data: { 'x-input': { kinds: ['dataset'], output: 'data' } },
      of: { 'x-input': { kinds: ['train-teacher', 'distill-student'], output: 'weights' } },
      splits: { type: 'array', items: { enum: ['val', 'test'] }, default: ['test'] },
    },
    required: ['data', 'of'],
    outputs: () => ({ metrics: 'metrics.json' }),
  }),
  command: kind('command', {
    params: {
      run: { type: 'array' },
      shell: { type: 'string' },
      inputs: { type: 'object', default: {} },
      seed: { type: 'integer', default: 0 },
    },
    outputs: () => ({ out: '.', model: 'model.bin' }),
  }),
} satisfies Record<string, StageKind>;
