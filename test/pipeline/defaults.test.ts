import { describe, expect, it } from 'vitest';
import { cellOf, failuresOf, idsOf, planOf, problemsOf, underlined } from './support/planning.ts';

/** A teacher whose epochs come from wherever the test says. */
const text = (parts: { readonly defaults?: string; readonly matrix?: string; readonly given?: string }): string =>
  [
    `defaults: { train-teacher: { ${parts.defaults ?? ''} } }`,
    'stages:',
    '  d: { uses: dataset, with: { source: mnist } }',
    `  t: { uses: train-teacher, ${parts.matrix ?? ''}with: { data: "\${stages.d}", model: resnet50${parts.given ?? ''} } }`,
  ].join('\n');

const epochs = (parts: Parameters<typeof text>[0]): unknown[] =>
  planOf(text(parts)).cells.flatMap(({ stage, params }) => (stage === 't' ? [params['epochs']] : []));

describe('the value of a parameter', () => {
  it("is the kind's own where nobody gives one", () => {
    expect(epochs({})).toEqual([150]);
  });

  it('comes from defaults before the kind', () => {
    expect(epochs({ defaults: 'epochs: 3' })).toEqual([3]);
  });

  it('comes from an axis before defaults', () => {
    expect(epochs({ defaults: 'epochs: 3', matrix: 'matrix: { epochs: [4, 5] }, ' })).toEqual([4, 5]);
  });

  it('comes from with before an axis', () => {
    const parts = {
      defaults: 'epochs: 3',
      matrix: 'matrix: { epochs: [4, 5] }, ',
      given: ', epochs: "${matrix.epochs}"',
    };
    expect(epochs(parts)).toEqual([4, 5]);
    expect(problemsOf(text({ ...parts, given: ', epochs: 6' }))[0]).toContain('unused-axis');
  });

  it('comes from defaults in the cells to which include gives none', () => {
    const include = 'matrix: { seed: [0, 1], include: [{ seed: 1, epochs: 9 }] }, ';
    expect(epochs({ defaults: 'epochs: 3', matrix: include })).toEqual([3, 9]);
    expect(epochs({ matrix: include })).toEqual([150, 9]);
  });

  it('is replaced as a whole: mappings are not merged', () => {
    const split = [
      'defaults: { dataset: { split: { val: 0.5, seed: 4 } } }',
      'stages:',
      '  d: { uses: dataset, with: { source: x, split: { seed: 5 } } }',
    ];
    expect(cellOf(planOf(split.join('\n')), 'd').params['split']).toEqual({ val: 0.2, seed: 5 });
  });
});

describe('defaults', () => {
  it('hold for every stage of the kind, and for no other kind', () => {
    const both = [
      'defaults: { train-teacher: { lr: 0.5 } }',
      'stages:',
      '  d: { uses: dataset, with: { source: mnist } }',
      '  t: { uses: train-teacher, with: { data: "${stages.d}", model: resnet50 } }',
      '  u: { uses: train-teacher, with: { data: "${stages.d}", model: resnet18 } }',
      '  s: { uses: distill-student, with: { data: "${stages.d}", teacher: "${stages.t}", model: mobilenetv2 } }',
    ].join('\n');
    const plan = planOf(both);
    expect(['t', 'u', 's'].map((id) => cellOf(plan, id).params['lr'])).toEqual([0.5, 0.5, 1e-3]);
  });

  it('may name params, axes and stages, worked out in each cell', () => {
    const given = [
      'params: { lr: 0.5 }',
      'defaults: { command: { run: ["${params.lr}", "${matrix.x}", "${stages.d}"] } }',
      'stages:',
      '  d: { uses: dataset, with: { source: mnist } }',
      '  a: { uses: command, matrix: { x: [1, 2] } }',
    ].join('\n');
    expect(cellOf(planOf(given), 'a[x=2]')).toMatchObject({
      params: { run: [0.5, 2, { cell: 'd', output: 'data' }] },
      needs: ['d'],
    });
  });

  it('may give what is required', () => {
    const given = 'defaults: { dataset: { source: mnist } }\nstages: { d: { uses: dataset } }';
    expect(cellOf(planOf(given), 'd').params['source']).toBe('mnist');
  });

  it.each<[string, string, string]>([
    ['epohs: 3', 'unknown-param: train-teacher has no parameter "epohs"', 'epohs'],
    ['epochs: many', 'wrong-type: parameter epochs: got "many"', 'many'],
    ['epochs: 0', 'out-of-range: parameter epochs: got 0', '0'],
    ['epochs: "${params.x}"', 'unknown-param: there is no param "x"', '${params.x}'],
    ['epochs: "${matrix.x}"', 'unknown-axis: stage t has no axis "x"', '${matrix.x}'],
    ['model: resnet5', 'unknown-model: parameter model: there is no model "resnet5"', 'resnet5'],
  ])('are checked: %s', (defaults, problem, under) => {
    const found = failuresOf(text({ defaults }));
    expect(found.map(({ code, message }) => `${code}: ${message}`)).toEqual([problem]);
    expect(found.map(underlined)).toEqual([under]);
  });

  it('are checked by name even where no stage is of the kind', () => {
    expect(problemsOf('defaults: { evaluate: { splts: [val] } }\nstages: { a: { uses: command } }')).toEqual([
      '1:25 unknown-param: evaluate has no parameter "splts"',
    ]);
  });
});

describe('a required parameter', () => {
  it('that is missing is a problem of the stage, and says what it accepts', () => {
    const [failure, ...others] = failuresOf('stages: { d: { uses: dataset } }');
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'missing-param',
      message: 'stage d lacks the parameter source',
      expected: 'a text',
      fix: 'with: { source: … }',
    });
    expect(failure && underlined(failure)).toBe('d');
  });

  it('may come from an axis', () => {
    expect(idsOf(planOf('stages: { d: { uses: dataset, matrix: { source: [a, b] } } }'))).toEqual([
      'd[source=a]',
      'd[source=b]',
    ]);
  });

  it('that only some cells have is missing in the others', () => {
    const some = 'stages: { d: { uses: dataset, matrix: { root: [a, b], include: [{ root: a, source: x }] } } }';
    expect(problemsOf(some)).toEqual(['1:11 missing-param: stage d lacks the parameter source (in d[root=b])']);
  });

  it('is not missing where its value is wrong', () => {
    expect(problemsOf('stages: { d: { uses: dataset, with: { source: 3 } } }')).toEqual([
      '1:47 wrong-type: parameter source: got 3',
    ]);
  });
});

describe('a wrong value on an axis', () => {
  it('is shown where it stands on the axis, with its cell', () => {
    const axis = text({ matrix: 'matrix: { epochs: [1, 0] }, ' });
    const [failure, ...others] = failuresOf(axis);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ code: 'out-of-range', message: 'parameter epochs: got 0 (in t[epochs=0])' });
    expect(failure && underlined(failure)).toBe('0');
  });

  it('counts once, in however many cells it is', () => {
    const axis = text({ matrix: 'matrix: { epochs: [1, 0], seed: [0, 1, 2] }, ' });
    expect(failuresOf(axis).map(({ message }) => message)).toEqual([
      'parameter epochs: got 0 (in 3 cells, the first is t[epochs=0,seed=0])',
    ]);
  });

  it('in a mapping is shown where it stands in the mapping', () => {
    const split = 'stages: { d: { uses: dataset, matrix: { split: [{ val: 2 }] }, with: { source: x } } }';
    const [failure] = failuresOf(split);
    expect(failure && underlined(failure)).toBe('2');
    expect(failure?.message).toBe('parameter split.val: got 2 (in d[split={"val":2}])');
  });

  it('that include adds is shown in include', () => {
    const include = text({ matrix: 'matrix: { seed: [0], include: [{ seed: 0, lr: -1 }] }, ' });
    const [failure] = failuresOf(include);
    expect(failure && underlined(failure)).toBe('-1');
  });
});
