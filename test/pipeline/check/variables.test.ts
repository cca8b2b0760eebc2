import { describe, expect, it } from 'vitest';
import { planPipeline, type PlanOptions } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

/** A dataset and a training, with values of the environment where they are given. */
const pipeline = ({ data = '', train = '', head = '', stage = '' }) => `${head}
stages:
  d: { uses: dataset, with: { source: mnist-digits${data} } }
  t: { uses: train-teacher, ${stage}with: { data: "\${stages.d}", model: resnet20${train} } }
`;
type Parts = Parameters<typeof pipeline>[0];
const result = (parts: Parts, env: PlanOptions['env'], overrides: readonly string[] = []) =>
  planPipeline({ file: 'p.yaml', text: pipeline(parts) }, { env, overrides, kinds, catalogue: catalogue() });

function params(parts: Parts, env: PlanOptions['env'] = {}, overrides: readonly string[] = []) {
  const made = result(parts, env, overrides);
  if (!made.ok) throw new Error(made.failures.map(({ message }) => message).join('\n'));
  return Object.assign({}, ...made.value.plan.cells.map((cell) => cell.params)) as Record<string, unknown>;
}
const failures = (parts: Parts, env: PlanOptions['env'] = {}) => {
  const made = result(parts, env);
  return made.ok ? [] : made.failures;
};

describe('a value that is one whole ${env.…}', () => {
  it.each<[Parts, PlanOptions['env'], string, unknown]>([
    [{ data: ', image_size: "${env.SIZE:-28}"' }, {}, 'image_size', 28],
    [{ data: ', image_size: "${env.SIZE:-28}"' }, { SIZE: '32' }, 'image_size', 32],
    [{ data: ', image_size: "${env.SIZE}"', head: 'env: { SIZE: 20 }' }, {}, 'image_size', 20],
    [{ train: ', lr: "${env.LR}"' }, { LR: '3e-4' }, 'lr', 3e-4],
    [{ train: ', ema: "${env.EMA:-true}"' }, {}, 'ema', true],
    [{ train: ', dropout: "${env.DROP}"' }, { DROP: '0.5' }, 'dropout', 0.5],
    [{ train: ', epochs: "${params.n}"', head: 'params: { n: "${env.N:-3}" }' }, {}, 'epochs', 3],
    [{ train: ', epochs: "${params.run.n}"', head: 'params: { run: { n: "${env.N:-3}" } }' }, {}, 'epochs', 3],
    [{ data: ', split: { val: "${env.VAL:-0.3}" }' }, {}, 'split', expect.objectContaining({ val: 0.3 })],
    [
      { data: ', split: "${params.split}"', head: 'params: { split: { val: "${env.VAL:-0.3}" } }' },
      {},
      'split',
      expect.objectContaining({ val: 0.3 }),
    ],
  ])('is read as YAML where a text is refused: %j', (parts, env, name, value) => {
    expect(params(parts, env)[name]).toEqual(value);
  });

  it('stays a text where a text is wanted', () => {
    const made = planPipeline(
      {
        file: 'p.yaml',
        text: 'stages: { c: { uses: command, with: { run: [echo, "${env.N:-1}", "n=${env.N:-1}"], inputs: { a: "${env.A:-true}" } } } }',
      },
      { env: {}, overrides: [], kinds, catalogue: catalogue() },
    );
    expect(made.ok && made.value.plan.cells[0]?.params).toMatchObject({
      run: ['echo', '1', 'n=1'],
      inputs: { a: 'true' },
    });
  });

  it('is typed on axes too, so that cells are those of numbers', () => {
    const ids = (stage: string, env: PlanOptions['env'] = {}, head = '') => {
      const made = result({ stage, head }, env);
      return made.ok ? made.value.plan.cells.map(({ id }) => id).slice(1) : made.failures;
    };
    expect(ids('matrix: { epochs: ["${env.A:-1}", 2] }, ')).toEqual(['t[epochs=1]', 't[epochs=2]']);
    expect(ids('matrix: { epochs: "${params.all}" }, ', {}, 'params: { all: ["${env.A:-1}", 2] }')).toEqual([
      't[epochs=1]',
      't[epochs=2]',
    ]);
    expect(ids('matrix: { epochs: { from: 1, to: "${env.B}", step: 1 } }, ', { B: '2' })).toEqual([
      't[epochs=1]',
      't[epochs=2]',
    ]);
    expect(ids('seeds: "${env.SEEDS:-2}", ')).toEqual(['t[seed=0]', 't[seed=1]']);
  });

  it('is a number in limits', () => {
    const made = result({ stage: 'retry: "${env.RETRY:-2}", resources: { cpu: "${env.CPU}" }, ' }, { CPU: '3' });
    expect(made.ok && made.value.plan.cells[1]).toMatchObject({ retry: 2, resources: { cpu: 3 } });
  });

  it('that cannot be read is named with what it gives', () => {
    const [size] = failures({ data: ', image_size: "${env.SIZE:-28}"' }, { SIZE: 'big' });
    expect(size).toMatchObject({
      code: 'wrong-type',
      message: 'parameter image_size: ${env.SIZE:-28} gives "big"',
      place: { line: 3 },
    });
    expect(size?.expected).toContain('a whole number');
    expect(
      failures({ train: ', lr: "${params.lr}"', head: 'params: { lr: "${env.LR}" }' }, { LR: '-1' }),
    ).toMatchObject([{ code: 'out-of-range', message: 'parameter lr: ${env.LR} gives -1' }]);
  });

  it('is the same for -S, and a text in quotes stays a text', () => {
    const parts = { train: ', epochs: "${params.n}"', head: 'params: { n: 1 }' };
    expect(params(parts, { N: '7' }, ['n=${env.N}'])['epochs']).toBe(7);
    expect(failures({ train: ', epochs: "7"' })).toMatchObject([
      { code: 'wrong-type', message: 'parameter epochs: got "7"' },
    ]);
  });
});

it('a whole number is one digit by digit', () => {
  expect(failures({ train: ', patience: 1e30' })).toMatchObject([
    { code: 'out-of-range', message: 'parameter patience: got 1e+30' },
  ]);
  expect(params({ train: ', patience: 1e3' })['patience']).toBe(1000);
});
