import { describe, expect, it } from 'vitest';
import { cellOf, failuresOf, planOf, problemsOf, underlined, type Options } from '../support/planning.ts';

/** A pipeline with one command, whose arguments are what the test looks at. */
const withRun = (run: string, head = ''): string =>
  `${head}\nstages:\n  a:\n    uses: command\n    with: { run: [${run}] }`;

const run = (text: string, options: Options = {}): unknown => cellOf(planOf(text, options), 'a').params['run'];

describe('params', () => {
  it('are put in where they are named', () => {
    expect(run(withRun('"${params.lr}", "lr=${params.lr}"', 'params: { lr: 1e-4 }'))).toEqual([1e-4, 'lr=0.0001']);
  });

  it('may name other params, in any order', () => {
    const head = 'params: { c: "${params.b}!", b: "<${params.a}>", a: 3 }';
    expect(run(withRun('"${params.c}"', head))).toEqual(['<3>!']);
  });

  it('may name the environment and the pipeline', () => {
    const head = 'name: digits\nparams: { root: "${env.DATA}/${run.name}" }';
    expect(run(withRun('"${params.root}"', head), { env: { DATA: '/d' } })).toEqual(['/d/digits']);
  });

  it('are in the plan with their values', () => {
    expect(planOf(withRun('x', 'params: { a: [1, 2], b: "${params.a}", c: { d: 1 } }')).params).toEqual({
      a: [1, 2],
      b: [1, 2],
      c: { d: 1 },
    });
  });

  it('may be mappings, of which one value is named', () => {
    expect(run(withRun('"${params.split.val}"', 'params: { split: { val: 0.2 } }'))).toEqual([0.2]);
  });

  it('that are not there are answered with the nearest that are', () => {
    const [failure] = failuresOf(withRun('"x ${params.epohs}"', 'params: { epochs: 3, lr: 1 }'));
    expect(failure).toMatchObject({
      code: 'unknown-param',
      message: 'there is no param "epohs"',
      fix: 'did you mean epochs?',
    });
    expect(failure && underlined(failure)).toBe('${params.epohs}');
  });

  it('whose key is not there are answered likewise', () => {
    const [failure] = failuresOf(withRun('"${params.split.vall}"', 'params: { split: { val: 0.2 } }'));
    expect(failure).toMatchObject({
      code: 'unknown-param',
      message: 'there is no param "split.vall"',
      fix: 'did you mean val?',
    });
  });

  it('never are what every object has', () => {
    expect(problemsOf(withRun('"${params.constructor}"', 'params: { a: { b: 1 } }'))).toHaveLength(1);
    expect(problemsOf(withRun('"${params.a.constructor}"', 'params: { a: { b: 1 } }'))).toHaveLength(1);
  });

  it('that need each other are shown as a path', () => {
    const head = 'params:\n  a: "${params.b}"\n  b: "x ${params.c}"\n  c: ["${params.a}"]';
    expect(problemsOf(withRun('x', head))).toEqual([
      '4:8 param-cycle: params refer to each other in a circle: params.a → params.b → params.c → params.a',
    ]);
  });

  it('that need themselves are a circle too', () => {
    expect(problemsOf(withRun('x', 'params: { a: "${params.a}" }'))).toEqual([
      '1:15 param-cycle: params refer to each other in a circle: params.a → params.a',
    ]);
  });

  it('cannot depend on stages or axes', () => {
    expect(
      problemsOf(withRun('x', 'params: { a: "${stages.a}", b: "${matrix.seed}" }')).map((one) => one.split(':')[1]),
    ).toEqual(['15 not-here', '33 not-here']);
  });

  it('are checked even where nothing uses them', () => {
    expect(problemsOf(withRun('x', 'params: { a: "${env.NOPE}" }'))).toHaveLength(1);
  });

  it('with a wrong value are shown where the value was written, not where it is used', () => {
    const text = ['params: { epochs: many }', 'stages:', '  d: { uses: dataset, with: { source: x } }', '  t:'];
    const stage = [
      '    uses: train-teacher',
      '    with: { data: "${stages.d}", model: resnet50, epochs: "${params.epochs}" }',
    ];
    expect(problemsOf([...text, ...stage].join('\n'))).toEqual(['1:19 wrong-type: parameter epochs: got "many"']);
  });
});

describe('the environment', () => {
  const text = withRun('"${env.DATA}"');

  it('gives texts', () => {
    expect(run(text, { env: { DATA: '/data' } })).toEqual(['/data']);
    expect(run(text, { env: { DATA: '5' } })).toEqual(['5']);
  });

  it('must be set, and says how to set it', () => {
    const [failure] = failuresOf(text);
    expect(failure).toMatchObject({
      code: 'missing-env',
      message: 'the environment variable DATA is not set',
      fix: 'export DATA=…, or give a default: ${env.DATA:-default}, or env: { DATA: default }',
    });
  });

  it('may have a default where it is named, which also replaces an empty value', () => {
    const withDefault = withRun('"${env.DATA:-/tmp}"');
    expect(run(withDefault)).toEqual(['/tmp']);
    expect(run(withDefault, { env: { DATA: '' } })).toEqual(['/tmp']);
    expect(run(withDefault, { env: { DATA: '/d' } })).toEqual(['/d']);
  });

  it('may have a default for the whole file', () => {
    const withDefault = withRun('"${env.DATA}"', 'env: { DATA: /tmp, N: 5 }');
    expect(run(withDefault)).toEqual(['/tmp']);
    expect(run(withDefault, { env: { DATA: '/d' } })).toEqual(['/d']);
    expect(run(withRun('"${env.N}"', 'env: { N: 5 }'))).toEqual(['5']);
  });

  it('prefers the default where it is named over that of the file', () => {
    expect(run(withRun('"${env.DATA:-near}"', 'env: { DATA: far }'))).toEqual(['near']);
  });

  it('may be set to nothing', () => {
    expect(run(text, { env: { DATA: '' } })).toEqual(['']);
  });

  it('never gives what every object has', () => {
    expect(problemsOf(withRun('"${env.constructor}"'))).toHaveLength(1);
  });
});

describe('${run.name}', () => {
  it('is the name of the pipeline', () => {
    expect(run(withRun('"${run.name}"', 'name: digits'))).toEqual(['digits']);
  });
});

describe('${matrix.…}', () => {
  const student = (args: string): string =>
    [
      'stages:',
      '  d: { uses: dataset, with: { source: mnist } }',
      '  t:',
      '    uses: train-teacher',
      '    matrix: { model: [resnet50], seed: [7] }',
      '    with: { data: "${stages.d}", epochs: 9 }',
      '  a:',
      '    uses: command',
      '    matrix: { teacher: ["${stages.t}"], cfg: [{ lr: 0.1 }] }',
      `    with: { run: [${args}, "\${matrix.teacher}", "\${matrix.cfg}"] }`,
    ].join('\n');
  const argument = (text: string): unknown => {
    const [only] = planOf(student(text)).cells.filter(({ stage }) => stage === 'a');
    return (only?.params['run'] as readonly unknown[] | undefined)?.[0];
  };

  it('looks through a cell: its axes, then its parameters', () => {
    expect(argument('"${matrix.teacher.model}"')).toBe('resnet50');
    expect(argument('"${matrix.teacher.epochs}"')).toBe(9);
    expect(argument('"${matrix.teacher.lr}"')).toBe(0.001);
    expect(argument('"${matrix.teacher.data.source}"')).toBe('mnist');
  });

  it('looks into a mapping', () => {
    expect(argument('"${matrix.cfg.lr}"')).toBe(0.1);
  });

  it('names an output of the cell', () => {
    expect(argument('"${matrix.teacher.weights}"')).toEqual({ cell: 't[model=resnet50,seed=7]', output: 'weights' });
    expect(argument('"--w=${matrix.teacher.log}"')).toEqual({
      parts: ['--w=', { cell: 't[model=resnet50,seed=7]', output: 'log' }],
    });
  });

  it('is answered with the nearest axis when there is none of the name', () => {
    const [failure] = failuresOf(student('"${matrix.techer}"'));
    expect(failure).toMatchObject({
      code: 'unknown-axis',
      message: 'stage a has no axis "techer"',
      fix: 'did you mean teacher?',
    });
  });

  it('is answered with the nearest key of a cell', () => {
    const [failure] = failuresOf(student('"${matrix.teacher.modle}"'));
    expect(failure).toMatchObject({
      code: 'unknown-name',
      fix: 'did you mean model?',
    });
    expect(failure?.message).toContain('${matrix.teacher.modle} has no value: there is no "modle" (in a[');
  });

  it('is refused in a stage without that axis, and inside another axis', () => {
    expect(problemsOf(withRun('"${matrix.seed}"'))[0]).toContain('unknown-axis: stage a has no axis "seed"');
    const text = 'stages: { a: { uses: command, matrix: { x: [1], y: ["${matrix.x}"] } } }';
    expect(problemsOf(text)[0]).toContain('not-here: ${matrix.x} cannot stand here: axes do not depend on each other');
  });

  it('has no value in the cells that include did not give one', () => {
    const text = [
      'stages:',
      '  a:',
      '    uses: command',
      '    matrix: { m: [1, 2, 3], include: [{ m: 1, extra: x }] }',
      '    with: { run: ["${matrix.extra}", "${matrix.m}"] }',
    ].join('\n');
    const [failure, ...others] = failuresOf(text);
    expect(others).toEqual([]);
    expect(failure?.message).toBe(
      '${matrix.extra} has no value: there is no "extra" (in 2 cells, the first is a[m=2])',
    );
  });
});
