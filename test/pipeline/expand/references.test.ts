import { describe, expect, it } from 'vitest';
import { cellOf, failuresOf, idsOf, planOf, problemsOf, underlined } from '../support/planning.ts';

/** Teachers with two models and two seeds, and a stage whose `inputs.x` is what the test refers to. */
const text = (reference: string, matrix = ''): string =>
  [
    'stages:',
    '  d: { uses: dataset, with: { source: mnist } }',
    '  t:',
    '    uses: train-teacher',
    '    matrix: { model: [resnet50, resnet18], seed: [0, 1] }',
    '    with: { data: "${stages.d}" }',
    `  a: { uses: command, ${matrix}with: { inputs: { x: "${reference}" } } }`,
  ].join('\n');

const needs = (reference: string, matrix = ''): Record<string, readonly string[]> => {
  const plan = planOf(text(reference, matrix));
  return Object.fromEntries(idsOf(plan, 'a').map((id) => [id, cellOf(plan, id).needs]));
};

const t = (model: string, seed: number): string => `t[model=${model},seed=${seed}]`;
const all = [t('resnet50', 0), t('resnet50', 1), t('resnet18', 0), t('resnet18', 1)];
const sorted = (ids: readonly string[]): readonly string[] => [...ids].sort();

describe('a reference to a stage', () => {
  it('means its only cell', () => {
    expect(needs('${stages.d}')).toEqual({ a: ['d'] });
  });

  it('carries the output that it names, and the main one when it names none', () => {
    const inputs = (reference: string): unknown => cellOf(planOf(text(reference)), 'a').params['inputs'];
    expect(inputs('${stages.d.data}')).toEqual({ x: { cell: 'd', output: 'data' } });
    expect(inputs('${stages.d}')).toEqual({ x: { cell: 'd', output: 'data' } });
    expect(inputs('--d=${stages.d}')).toEqual({ x: { parts: ['--d=', { cell: 'd', output: 'data' }] } });
  });

  it.each([
    ['${stages.t[model=resnet18,seed=1]}', t('resnet18', 1)],
    ['${stages.t[seed=1,model=resnet18]}', t('resnet18', 1)],
    ['${stages.t[ seed=0, model=resnet50 ].log}', t('resnet50', 0)],
  ])('picks a cell by its axes: %s', (reference, id) => {
    expect(needs(reference)).toEqual({ a: [id] });
  });

  it('joins on the axes that both stages have', () => {
    expect(needs('${stages.t}', 'matrix: { model: [resnet18, resnet50], seed: [1] }, ')).toEqual({
      'a[model=resnet18,seed=1]': [t('resnet18', 1)],
      'a[model=resnet50,seed=1]': [t('resnet50', 1)],
    });
  });

  it('joins on some axes while it picks by others', () => {
    expect(needs('${stages.t[model=resnet18]}', 'matrix: { seed: [0, 1] }, ')).toEqual({
      'a[seed=0]': [t('resnet18', 0)],
      'a[seed=1]': [t('resnet18', 1)],
    });
  });

  it('goes by its conditions where these name an axis that both have', () => {
    expect(needs('${stages.t[seed=1,model=resnet18]} ${matrix.seed}', 'matrix: { seed: [0] }, ')).toEqual({
      'a[seed=0]': [t('resnet18', 1)],
    });
  });

  it.each<[string, readonly string[]]>([
    ['${stages.t[*]}', all],
    ['${stages.t[seed=*,model=resnet50]}', [t('resnet50', 0), t('resnet50', 1)]],
    ['${stages.t[model=*,seed=1]}', [t('resnet50', 1), t('resnet18', 1)]],
    ['${stages.t[model=*,seed=*]}', all],
    ['${stages.d[*]}', ['d']],
  ])('collects cells: %s', (reference, ids) => {
    expect(needs(reference)).toEqual({ a: sorted(ids) });
    expect(cellOf(planOf(text(reference)), 'a').params['inputs']).toEqual({
      x: ids.map((cell) => ({ cell, output: cell === 'd' ? 'data' : 'weights' })),
    });
  });

  it('collects only what agrees with the axes of the asking cell', () => {
    expect(needs('${stages.t[seed=*]}', 'matrix: { model: [resnet50, resnet18] }, ')).toEqual({
      'a[model=resnet50]': [t('resnet50', 0), t('resnet50', 1)],
      'a[model=resnet18]': [t('resnet18', 0), t('resnet18', 1)],
    });
    expect(needs('${stages.t[*]}', 'matrix: { seed: [1] }, ')).toEqual({
      'a[seed=1]': sorted([t('resnet50', 1), t('resnet18', 1)]),
    });
  });

  it('needs every cell once, however often it is named', () => {
    expect(needs('${stages.d} ${stages.d.data} ${stages.t[*]} ${stages.t[seed=0,model=resnet50]}')).toEqual({
      a: sorted(['d', ...all]),
    });
  });
});

describe('a reference through an axis', () => {
  it('to the stage of a cell on the axis means that cell', () => {
    expect(needs('${stages.t}', 'matrix: { of: ["${stages.t}"] }, ')).toEqual(
      Object.fromEntries(all.map((id) => [`a[of=${id}]`, [id]])),
    );
  });

  it('to what the cell on the axis was made from joins by its axes', () => {
    const chain = [
      'stages:',
      '  a: { uses: command, seeds: 2 }',
      '  b: { uses: command, matrix: { a: ["${stages.a}"] }, with: { inputs: { a: "${matrix.a}" } } }',
      '  c: { uses: command, matrix: { b: ["${stages.b}"] }, with: { inputs: { b: "${matrix.b}", a: "${stages.a}" } } }',
    ].join('\n');
    const plan = planOf(chain);
    expect(cellOf(plan, 'c[b=b[a=a[seed=1]]]').needs).toEqual(['a[seed=1]', 'b[a=a[seed=1]]']);
  });

  it('joins two stages on a seed that each of them carries through another', () => {
    const score = [
      'stages:',
      '  d: { uses: dataset, with: { source: mnist } }',
      '  t: { uses: train-teacher, seeds: 2, with: { data: "${stages.d}", model: resnet50 } }',
      '  e: { uses: evaluate, matrix: { of: ["${stages.t}"] }, with: { data: "${stages.d}" } }',
      '  f: { uses: command, matrix: { seed: [0, 1] }, with: { inputs: { x: "${stages.e}" } } }',
    ].join('\n');
    const plan = planOf(score);
    expect(cellOf(plan, 'f[seed=1]').needs).toEqual(['e[of=t[seed=1]]']);
  });

  it('that uses an axis only to join is use enough', () => {
    const text2 = [
      'stages:',
      '  a: { uses: command, matrix: { x: [1, 2] }, with: { run: ["${matrix.x}"] } }',
      '  b: { uses: command, matrix: { x: [1, 2] }, with: { inputs: { a: "${stages.a}" } } }',
    ].join('\n');
    expect(problemsOf(text2)).toEqual([]);
  });
});

describe('a reference is refused', () => {
  it('when it stands for several cells, and says how to pick', () => {
    const [failure, ...others] = failuresOf(text('${stages.t}'));
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'ambiguous-reference',
      message: `\${stages.t} stands for 4 cells: ${all.slice(0, 3).join(', ')} … (1 more)`,
      expected: 'exactly one cell',
      fix: [
        'pick one: ${stages.t[model=resnet50,seed=0]}',
        'or make an axis instead: matrix: { t: ["${stages.t}"] }',
        'or collect all: ${stages.t[*]}',
      ].join('\n'),
      place: { line: 7 },
    });
    expect(failure && underlined(failure)).toBe('${stages.t}');
  });

  it('when it stands for several, with the output in the advice', () => {
    expect(failuresOf(text('${stages.t.log}'))[0]?.fix).toBe(
      [
        'pick one: ${stages.t[model=resnet50,seed=0].log}',
        'or make an axis instead: matrix: { t: ["${stages.t.log}"] }',
        'or collect all: ${stages.t[*].log}',
      ].join('\n'),
    );
  });

  it('and its advice works when it is followed', () => {
    expect(needs('${stages.t[model=resnet50,seed=0]}')).toEqual({ a: [all[0]] });
    expect(needs('${matrix.t}', 'matrix: { t: ["${stages.t}"] }, ')).toHaveProperty(`a[t=${all[3] ?? ''}]`, [all[3]]);
    expect(needs('${stages.t[*]}')).toEqual({ a: sorted(all) });
  });

  it('when it collects over more axes than it opens', () => {
    const [failure] = failuresOf(text('${stages.t[seed=*]}'));
    expect(failure).toMatchObject({ code: 'ambiguous-reference' });
    expect(failure?.message).toContain('${stages.t[seed=*]} stands for 4 cells');
  });

  it.each<[string, string]>([
    ['${stages.t[seed=9]}', 'no-cell: no cell of t matches ${stages.t[seed=9]}: none has seed=9'],
    [
      '${stages.t[modle=resnet50]}',
      'no-cell: no cell of t matches ${stages.t[modle=resnet50]}: none has an axis modle',
    ],
    ['${stages.t[seed=9,model=*]}', 'no-cell: no cell of t matches ${stages.t[seed=9,model=*]}: none has seed=9'],
    ['${stages.d[seed=0]}', 'no-cell: no cell of d matches ${stages.d[seed=0]}: none has an axis seed'],
    ['${stages.x}', 'unknown-stage: there is no stage "x"'],
    ['${stages.d.dta}', 'unknown-output: d has no output "dta"'],
    ['${stages.t[*].weigths}', `unknown-output: ${all[0] ?? ''} has no output "weigths"`],
  ])('when it names nothing: %s', (reference, problem) => {
    const [failure, ...others] = failuresOf(text(reference));
    expect(others).toEqual([]);
    expect(`${failure?.code ?? ''}: ${failure?.message ?? ''}`).toBe(problem);
    expect(failure && underlined(failure)).toBe(reference);
  });

  it.each<[string, string]>([
    ['${stages.t[model=Resnet50,seed=0]}', 'did you mean resnet50?'],
    ['${stages.t[modle=resnet50]}', 'did you mean model?'],
    ['${stages.t[seed=7]}', 'known: 0 or 1'],
  ])('and %s is told what is there', (reference, fix) => {
    expect(failuresOf(text(reference))[0]?.fix).toBe(fix);
  });

  it('when no cell has the axes of the asking one, and says which it asked for', () => {
    const [failure, ...others] = failuresOf(text('${stages.t}', 'matrix: { model: [resnet50], seed: [7] }, '));
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'no-cell',
      message: 'no cell of t matches ${stages.t} where model=resnet50, seed=7 (in a[model=resnet50,seed=7])',
      expected: `one of ${all.slice(0, 3).join(', ')} or ${all[3] ?? ''}`,
    });
  });

  it('once for all cells in which it is wrong', () => {
    const [failure, ...others] = failuresOf(text('${stages.t}', 'matrix: { seed: [7, 8, 9] }, '));
    expect(others).toEqual([]);
    expect(failure?.message).toContain('(in 3 cells, the first is a[seed=7])');
  });

  it.each([
    ['a stage', 'known: a, d or t', '${stages.xyz}'],
    ['an output', 'did you mean weights?', '${stages.t[seed=0,model=resnet18].weihts}'],
  ])('with the names that are near to %s', (_what, fix, reference) => {
    expect(failuresOf(text(reference))[0]?.fix).toBe(fix);
  });
});

describe('an input', () => {
  const stage = (body: string): string =>
    [
      'stages:',
      '  d: { uses: dataset, with: { source: mnist } }',
      '  t: { uses: train-teacher, with: { data: "${stages.d}", model: resnet50 } }',
      `  s: ${body}`,
    ].join('\n');

  it('reads the output that its kind says', () => {
    const plan = planOf(stage('{ uses: evaluate, with: { data: "${stages.d}", of: "${stages.t}" } }'));
    expect(cellOf(plan, 's').params).toMatchObject({
      data: { cell: 'd', output: 'data' },
      of: { cell: 't', output: 'weights' },
    });
  });

  it('reads another output when the reference names one', () => {
    const plan = planOf(stage('{ uses: evaluate, with: { data: "${stages.d}", of: "${stages.t.log}" } }'));
    expect(cellOf(plan, 's').params['of']).toEqual({ cell: 't', output: 'log' });
  });

  it.each<[string, string]>([
    ['"${stages.t}"', 'wrong-kind: parameter data: t is of kind train-teacher'],
    ['mnist', 'wrong-type: parameter data: got "mnist"'],
    ['3', 'wrong-type: parameter data: got 3'],
    ['["${stages.d}"]', 'wrong-type: parameter data: got a list'],
    ['"x ${stages.d}"', 'wrong-type: parameter data: got a text with a reference in it'],
  ])('is refused: data: %s', (data, problem) => {
    const text3 = stage(`{ uses: evaluate, with: { data: ${data}, of: "\${stages.t}" } }`);
    const [failure, ...others] = failuresOf(text3);
    expect(others).toEqual([]);
    expect(`${failure?.code ?? ''}: ${failure?.message ?? ''}`).toBe(problem);
    expect(failure?.expected).toBe('a reference to a stage of kind dataset: "${stages.id}"');
  });

  it('says all kinds that it takes', () => {
    const text4 = stage('{ uses: evaluate, with: { data: "${stages.d}", of: "${stages.d}" } }');
    expect(failuresOf(text4)[0]).toMatchObject({
      code: 'wrong-kind',
      message: 'parameter of: d is of kind dataset',
      expected: 'a reference to a stage of kind train-teacher or distill-student: "${stages.id}"',
    });
  });
});
