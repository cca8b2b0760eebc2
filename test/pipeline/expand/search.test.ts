import { describe, expect, it } from 'vitest';
import { selectCells } from '../../../src/cells/select.ts';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { unwrap } from '../../../src/core/result.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

const written = {
  method: 'asha',
  sampler: 'sobol',
  parameters: '{ lr: { from: 0.001, to: 0.1, scale: log }, batch_size: { from: 8, to: 64 }, optimizer: [adamw, sgd] }',
  trials: '4',
  metric: 'val.accuracy',
  rungs: '[1, 2, 4]',
  eta: '2',
};
type Keys = Partial<Record<keyof typeof written | 'seed', string | null>>;

const pipeline = (keys: Keys = {}, given = 'schedule: constant', matrix = 'seed: [0, 1]', uses = 'train-teacher') => {
  const lines = Object.entries({ ...written, ...keys }).flatMap(([key, value]) =>
    value === null ? [] : [`      ${key}: ${value}`],
  );
  return `name: trial
stages:
  digits: { uses: dataset, with: { source: mnist-digits } }
  student:
    uses: ${uses}
    matrix: { ${matrix} }
    search:
${lines.join('\n')}
    with: { data: '\${stages.digits}', model: convnet4, ${given} }
`;
};

const planned = (text: string) =>
  planPipeline({ file: 'trial.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() });
const planOf = (text: string) => unwrap(planned(text)).plan;
const students = (text: string) => planOf(text).cells.filter(({ stage }) => stage === 'student');

describe('a search', () => {
  it('plans every trial at every rung, and says which compete', () => {
    const { searches = [], cells } = planOf(pipeline());
    expect(searches).toHaveLength(1);
    const [{ trials, ...search }] = searches as [(typeof searches)[number]];
    expect(search).toEqual({
      ...{ stage: 'student', method: 'asha', metric: 'val.accuracy', eta: 2, rungs: [1, 2, 4], unit: 'epochs' },
    });
    expect(trials.map((trial) => trial.map((seeds) => seeds.length))).toEqual(trials.map(() => [2, 2, 2]));
    const all = cells.filter(({ stage }) => stage === 'student');
    expect(all).toHaveLength(4 * 3 * 2);
    expect(all.map(({ params }) => params['epochs'])).toEqual(
      [1, 2, 4].flatMap((rung) => Array.from({ length: 8 }, () => rung)),
    );
    const [first = [], second = []] = trials[0] ?? [];
    for (const cell of all.filter(({ id }) => second.includes(id))) expect(cell.follows).toEqual(first);
    expect(all.filter(({ follows }) => follows === undefined)).toHaveLength(8);
  });

  it('keeps its trials when there are more, and has as many searches as the rest of the matrix has values', () => {
    const few = students(pipeline()).map(({ id }) => id);
    const more = students(pipeline({ trials: '9' })).map(({ id }) => id);
    expect(more.filter((id) => few.includes(id))).toEqual(few);
    expect(more.length).toBe(9 * 3 * 2);
    const other = students(pipeline({ seed: '1' })).map(({ id }) => id);
    expect(other.some((id) => few.includes(id))).toBe(false);
    expect(
      planOf(pipeline({}, 'schedule: constant', 'model: [convnet4, convnet8]').replace('model: convnet4, ', ''))
        .searches,
    ).toHaveLength(2);
  });

  it('samples within ranges: three digits, whole numbers where the parameter takes no others', () => {
    for (const sampler of ['sobol', 'random'])
      for (const { params } of students(pipeline({ sampler, trials: '32' }))) {
        expect(params['lr']).toBeGreaterThanOrEqual(0.001);
        expect(params['lr']).toBeLessThanOrEqual(0.1);
        expect(Number(Number(params['lr']).toPrecision(3))).toBe(params['lr']);
        expect(Number.isInteger(params['batch_size'])).toBe(true);
      }
  });

  it('tries a grid, or as many drawn trials, to the end, without rungs', () => {
    const idle = { sampler: null, metric: null, rungs: null, eta: null };
    const lists = '{ lr: [0.1, 0.01], batch_size: { from: 8, to: 16, step: 8 } }';
    const grid = planOf(pipeline({ ...idle, method: 'grid', trials: null, parameters: lists }));
    expect(grid.searches).toBeUndefined();
    expect(grid.cells).toHaveLength(1 + 2 * 2 * 2);
    expect(students(pipeline({ ...idle, method: 'sobol' }))).toHaveLength(4 * 2);
    // Of two choices there are two.
    expect(
      students(pipeline({ ...idle, method: 'random', trials: '20', parameters: '{ lr: [0.1, 0.01] }' })),
    ).toHaveLength(4);
  });

  it('notes that it cannot be submitted to a cluster', () => {
    const { notes } = unwrap(planned(`executor: slurm\n${pipeline()}`));
    expect(notes.map(({ code }) => code)).toEqual(['search-on-cluster']);
  });

  it('is selected with the rungs below', () => {
    const { cells } = planOf(pipeline());
    const selected = unwrap(selectCells(cells, { to: ['student[epochs=4]'] }, (_, value) => value));
    expect(selected.size).toBe(cells.length);
  });

  it('takes a cosine whose horizon is said', () => {
    expect(planned(pipeline({}, 'schedule_epochs: 4')).ok).toBe(true);
  });

  it.each<readonly [what: string, text: string, message: string | RegExp]>([
    ['an unknown method', pipeline({ method: 'bayes' }), 'method is "bayes"'],
    ['no trials', pipeline({ trials: null }), 'a search by asha has no trials'],
    ['too few trials', pipeline({ trials: '3' }), /no trial of 3 would come to the last of 3 rungs/],
    ['falling rungs', pipeline({ rungs: '[4, 2]' }), /^rungs is/],
    ['the test split', pipeline({ metric: 'test.accuracy' }), 'trials would be chosen by test.accuracy'],
    ['an unknown metric', pipeline({ metric: 'val.acuracy' }), 'train-teacher reports no val.acuracy'],
    [
      'a cosine',
      pipeline({}, 'weight_decay: 0'),
      'each rung would be trained from its beginning: schedule: cosine falls over all epochs',
    ],
    [
      'an axis that is searched',
      pipeline({}, 'schedule: constant', 'lr: [0.1]'),
      'lr is an axis of the matrix, and of the search (also at line 6)',
    ],
    [
      'a range that ends before it begins',
      pipeline({ parameters: '{ lr: { from: 1, to: 0 } }' }),
      'the range of lr cannot be sampled',
    ],
    [
      'a logarithm of nothing',
      pipeline({ parameters: '{ lr: { from: 0, to: 1, scale: log } }' }),
      'the range of lr cannot be sampled',
    ],
    [
      'a grid of a range',
      pipeline({ method: 'grid', sampler: null, metric: null, rungs: null, eta: null, trials: null }),
      /^method is grid, and the range of/,
    ],
    [
      'rungs that nothing reads',
      pipeline({ method: 'random', sampler: null, metric: null, eta: null }),
      /^rungs would do nothing: method is random/,
    ],
    [
      'epochs beside rungs',
      pipeline({}, 'schedule: constant, epochs: 4'),
      /^axis epochs of stage student changes nothing/,
    ],
    ['a kind without epochs', pipeline({}, 'x: 1', 'seed: [0]', 'dataset'), /whose results have no length/],
  ])('refuses %s', (_, text, message) => {
    const found = planned(text);
    const messages = found.ok ? [] : found.failures.map((failure) => failure.message);
    expect(messages).toContainEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
});
