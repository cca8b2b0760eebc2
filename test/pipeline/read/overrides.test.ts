import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/plan.ts';
import { findCells } from '../../../src/cells/select.ts';
import { unwrap } from '../../../src/core/result.ts';
import { cellOf, failuresOf, idsOf, plannedOf, planOf, problemsOf, underlined } from '../support/planning.ts';

/** A pipeline in which a name can mean everything that a name can mean. */
const sweep = [
  'params: { epochs: 150, blocks: [3, 4] }',
  'defaults:',
  '  distill-student: { lr: 0.1 }',
  'stages:',
  '  data: { uses: dataset, with: { source: mnist } }',
  '  teacher:',
  '    uses: train-teacher',
  '    with: { data: "${stages.data}", model: resnet50, epochs: "${params.epochs}" }',
  '  student:',
  '    uses: distill-student',
  '    matrix:',
  '      kd_method: [MGD, AT]',
  '      include:',
  '        - { kd_method: MGD, kd_ratio: 0.7 }',
  '        - { kd_method: AT, kd_ratio: 100 }',
  '    with: { data: "${stages.data}", teacher: "${stages.teacher}", model: mobilenetv2, blocks: "${params.blocks}", epochs: "${params.epochs}" }',
].join('\n');

const withOverrides = (...overrides: string[]): Plan => planOf(sweep, { overrides });
const paramsOf = (plan: Plan, id: string): unknown => cellOf(plan, id).params;
const written = ['student[kd_method=MGD,kd_ratio=0.7]', 'student[kd_method=AT,kd_ratio=100]'];

/** A stage whose one argument is `params.x`, so that any value can be an override. */
const echo = 'params: { x: start }\nstages: { a: { uses: command, with: { inputs: { x: "${params.x}" } } } }';
const echoed = (...overrides: string[]): unknown => cellOf(planOf(echo, { overrides }), 'a').params['inputs'];

/** One stage that uses a param of that name. */
const echoOfEpochs =
  'params: { epochs: 1 }\nstages: { a: { uses: command, with: { inputs: { x: "${params.epochs}" } } } }';

describe('-S of a param', () => {
  it('replaces its value, wherever it is used', () => {
    const plan = withOverrides('epochs=2');
    expect(plan.params['epochs']).toBe(2);
    expect(paramsOf(plan, 'teacher')).toMatchObject({ epochs: 2 });
  });

  it('may say params. in front of it', () => {
    expect(withOverrides('params.epochs=2')).toEqual(withOverrides('epochs=2'));
  });

  it.each<[string, unknown]>([
    ['x=3', 3],
    ['x=3e-4', 3e-4],
    ['x=true', true],
    ['x=null', null],
    ['x=', null],
    ['x=yes', 'yes'],
    ['x=cub-200', 'cub-200'],
    ['x="3"', '3'],
    ["x='a,b'", 'a,b'],
    ['x={ a: [1, 2] }', { a: [1, 2] }],
    ['x=a=b', 'a=b'],
    ['x=a: b', 'a: b'],
    ['x=- a', '- a'],
    [' x =1', 1],
  ])('is read as YAML: %s', (override, value) => {
    expect(echoed(override)).toEqual({ x: value });
  });

  it('may be an expression', () => {
    expect(cellOf(planOf(echo, { overrides: ['x=${env.HOME}'], env: { HOME: '/h' } }), 'a').params).toMatchObject({
      inputs: { x: '/h' },
    });
  });

  it('is won by the last one of a name', () => {
    expect(echoed('x=1', 'x=2')).toEqual({ x: 2 });
    expect(echoed('x=1,2', 'x=3')).toEqual({ x: 3 });
  });

  it('does not change the plan when it says what the file says', () => {
    expect(withOverrides('epochs=150')).toEqual(planOf(sweep));
  });
});

describe('-S of a param with several values', () => {
  it('makes an axis of its name in the stages that use it, and in no other', () => {
    const plan = withOverrides('epochs=1,2');
    expect(idsOf(plan, 'data')).toEqual(['data']);
    expect(idsOf(plan, 'teacher')).toEqual(['teacher[epochs=1]', 'teacher[epochs=2]']);
    expect(paramsOf(plan, 'teacher[epochs=2]')).toMatchObject({ epochs: 2 });
  });

  it('is the list of its values in the plan', () => {
    expect(withOverrides('epochs=1,2').params['epochs']).toEqual([1, 2]);
  });

  it.each(['epochs=1,2', 'epochs=[1, 2]', 'params.epochs=1,2', ' epochs =1, 2'])('may be written %s', (override) => {
    expect(idsOf(planOf(echoOfEpochs, { overrides: [override] }), 'a')).toEqual(['a[epochs=1]', 'a[epochs=2]']);
  });

  it('gives a list to a param that is a list, and sweeps only over lists', () => {
    expect(withOverrides('blocks=1,2').params['blocks']).toEqual([1, 2]);
    expect(idsOf(withOverrides('blocks=1,2'), 'student')).toEqual(written);
    expect(withOverrides('blocks=[1]').params['blocks']).toEqual([1]);
    expect(withOverrides('blocks=[1],[2]').params['blocks']).toEqual([[1], [2]]);
    expect(idsOf(withOverrides('blocks=[1],[2]'), 'student')).toHaveLength(4);
  });

  it('reaches stages through params that name it', () => {
    const text = echoOfEpochs
      .replace('epochs: 1', 'epochs: 1, twice: "${params.epochs}!"')
      .replace('x: "${params.epochs}"', 'x: "${params.twice}"');
    expect(cellOf(planOf(text, { overrides: ['epochs=1,2'] }), 'a[epochs=2]').params['inputs']).toEqual({ x: '2!' });
  });

  it('joins stages on the value: a sweep is many pipelines side by side', () => {
    const text = [
      'params: { s: 0 }',
      'stages:',
      '  a: { uses: command, with: { seed: "${params.s}" } }',
      '  b: { uses: command, with: { seed: "${params.s}", inputs: { a: "${stages.a}" } } }',
    ].join('\n');
    const plan = planOf(text, { overrides: ['s=1,2'] });
    expect(cellOf(plan, 'b[s=1]').needs).toEqual(['a[s=1]']);
    expect(cellOf(plan, 'b[s=2]').needs).toEqual(['a[s=2]']);
  });

  it('is the product of two sweeps', () => {
    const text =
      'params: { x: 0, y: 0 }\nstages: { a: { uses: command, with: { run: ["${params.x}", "${params.y}"] } } }';
    const plan = planOf(text, { overrides: ['y=1,2', 'x=3,4'] });
    expect(new Set(idsOf(plan))).toEqual(new Set(['a[x=3,y=1]', 'a[x=3,y=2]', 'a[x=4,y=1]', 'a[x=4,y=2]']));
  });

  it('is refused where no stage uses it', () => {
    const text = 'params: { lonely: 1 }\nstages: { a: { uses: command } }';
    const [failure, ...others] = failuresOf(text, { overrides: ['lonely=1,2'] });
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'unused-sweep',
      message: 'no stage uses params.lonely: sweeping it would do nothing',
      expected: 'a param that a stage uses',
      place: { file: '-S', excerpt: 'lonely=1,2', column: 8, width: 3 },
    });
  });

  it('runs a value that is given twice once', () => {
    expect(idsOf(planOf(echoOfEpochs, { overrides: ['epochs=1,1,2'] }))).toEqual(['a[epochs=1]', 'a[epochs=2]']);
  });
});

describe('-S of a parameter of a stage', () => {
  it('replaces what with gives', () => {
    expect(paramsOf(withOverrides('teacher.with.model=resnet18'), 'teacher')).toMatchObject({ model: 'resnet18' });
  });

  it('gives what neither with nor defaults give', () => {
    expect(paramsOf(withOverrides('teacher.with.lr=0.5'), 'teacher')).toMatchObject({ lr: 0.5 });
  });

  it('goes before defaults', () => {
    expect(paramsOf(withOverrides('student.with.lr=0.5'), written[0] ?? '')).toMatchObject({ lr: 0.5 });
  });

  it('sweeps when it has several values', () => {
    const plan = withOverrides('student.with.lr=0.1,0.2');
    expect(idsOf(plan, 'student')).toEqual(
      written.flatMap((id) => [0.1, 0.2].map((lr) => id.replace(']', `,lr=${lr}]`))),
    );
    expect(paramsOf(plan, 'student[kd_method=AT,kd_ratio=100,lr=0.2]')).toMatchObject({ lr: 0.2 });
  });

  it('asks which cell is meant where only the stage that others need is swept', () => {
    const [failure, ...others] = failuresOf(sweep, { overrides: ['teacher.with.lr=0.1,0.2'] });
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ code: 'ambiguous-reference', place: { file: 'pipeline.yaml', line: 16 } });
    expect(failure?.fix?.split('\n')[0]).toBe('pick one: ${stages.teacher[lr=0.1]}');
  });

  it('gives a list to a parameter that takes one', () => {
    const text =
      'stages: { d: { uses: dataset, with: { source: x } }, t: { uses: train-teacher, with: { data: "${stages.d}", model: resnet50 } } }';
    expect(paramsOf(planOf(text, { overrides: ['t.with.blocks=1,2'] }), 't')).toMatchObject({ blocks: [1, 2] });
    expect(idsOf(planOf(text, { overrides: ['t.with.blocks=[1],[2]'] }), 't')).toEqual([
      't[blocks=[1]]',
      't[blocks=[2]]',
    ]);
  });

  it('is checked like a value of the file, and shown as typed', () => {
    const [failure, ...others] = failuresOf(sweep, { overrides: ['teacher.with.model=resnet5'] });
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'unknown-model',
      place: { file: '-S', excerpt: 'teacher.with.model=resnet5' },
    });
    expect(failure?.fix).toContain('did you mean resnet50');
    expect(failure && underlined(failure)).toBe('resnet5');
  });

  it('means every stage that has it when it stands alone', () => {
    const plan = withOverrides('model=mobilenetv2');
    expect(paramsOf(plan, 'teacher')).toMatchObject({ model: 'mobilenetv2' });
    expect(paramsOf(plan, written[1] ?? '')).toMatchObject({ model: 'mobilenetv2' });
  });

  it('means what defaults give too', () => {
    const plan = withOverrides('lr=0.7');
    expect(paramsOf(plan, written[0] ?? '')).toMatchObject({ lr: 0.7 });
    // The teacher has a parameter lr, but nothing in the file gives it.
    expect(paramsOf(plan, 'teacher')).toMatchObject({ lr: 1e-3 });
  });
});

describe('-S of an axis', () => {
  it('replaces the values of the matrix, and drops what include says of those that are gone', () => {
    expect(idsOf(withOverrides('student.matrix.kd_method=MGD'), 'student')).toEqual([written[0]]);
    expect(idsOf(withOverrides('kd_method=AT'), 'student')).toEqual([written[1]]);
    expect(idsOf(withOverrides('kd_method=SoftTarget,MGD'), 'student')).toEqual([
      'student[kd_method=SoftTarget]',
      written[0],
    ]);
  });

  it('goes over what include adds', () => {
    expect(idsOf(withOverrides('kd_ratio=1,2'), 'student')).toEqual([
      'student[kd_method=MGD,kd_ratio=1]',
      'student[kd_method=MGD,kd_ratio=2]',
      'student[kd_method=AT,kd_ratio=1]',
      'student[kd_method=AT,kd_ratio=2]',
    ]);
  });

  it.each<[string, readonly string[]]>([
    ['student.seeds=2', ['0', '1']],
    ['student.matrix.seeds=2', ['0', '1']],
    ['seed=7', ['7']],
    ['seed=7,9', ['7', '9']],
    ['seed=[7, 9]', ['7', '9']],
    ['seeds=2', ['0', '1']],
  ])('chooses seeds: %s', (override, seeds) => {
    const text = 'stages: { student: { uses: command, seeds: 3 } }';
    expect(idsOf(planOf(text, { overrides: [override] }))).toEqual(seeds.map((seed) => `student[seed=${seed}]`));
  });

  it('gives seeds to a stage without any', () => {
    const text = 'stages: { a: { uses: command } }';
    expect(idsOf(planOf(text, { overrides: ['a.seeds=2'] }))).toEqual(['a[seed=0]', 'a[seed=1]']);
  });

  it('takes one list out of a zip', () => {
    const text =
      'stages: { a: { uses: command, matrix: { zip: { seed: [1, 2], x: [3, 4] } }, with: { run: ["${matrix.x}"] } } }';
    expect(idsOf(planOf(text, { overrides: ['seed=9'] }))).toEqual(['a[seed=9,x=3]', 'a[seed=9,x=4]']);
  });

  it.each([
    ['student.matrix.kd_metod=MGD', 'did you mean student.matrix.kd_method?'],
    ['student.wth.lr=1', 'did you mean student.with.lr?'],
    ['studnt.with.lr=1', 'did you mean student.with.lr?'],
    ['params.epohs=1', 'did you mean params.epochs?'],
    ['epohs=1', 'did you mean epochs?'],
    ['kd_metod=MGD', 'did you mean kd_method?'],
    ['student.with.kd_rato=1', 'did you mean student.with.kd_ratio?'],
    ['student.seds=1', 'did you mean student.seeds?'],
    ['student.with.split.val=1', 'did you mean'],
  ])('that is not there is answered with the nearest: %s', (override, fix) => {
    const [failure, ...others] = failuresOf(sweep, { overrides: [override] });
    const key = override.slice(0, override.indexOf('='));
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'unknown-override',
      message: `there is nothing called "${key}" to override`,
      expected: 'a param, stage.with.parameter, stage.matrix.axis or stage.seeds',
      place: { file: '-S', excerpt: override, column: 1, width: key.length },
    });
    expect(failure?.fix).toContain(fix.replace(/\?$/, ''));
  });

  it.each(['', 'epochs', '=3', ' =3'])('is refused when it is no override: %j', (override) => {
    expect(failuresOf(sweep, { overrides: [override] })).toMatchObject([
      { code: 'bad-override', message: `${JSON.stringify(override)} is not an override`, expected: 'key=value' },
    ]);
  });

  it.each([
    ['epochs=[1', 'this is not YAML: Flow sequence must end with a ]'],
    ['epochs={a: 1', 'this is not YAML: Flow map must end with a }'],
    ['epochs="x', 'this is not YAML: Missing closing "quote'],
    ['epochs=@x', 'this is not YAML: Plain value cannot start with reserved character @'],
    ['epochs=.inf', 'this is not a finite number'],
    ['epochs=12345678901234567890', 'this whole number is too large to be stored exactly'],
    ['epochs=!!js/function x', 'the tag !!js/function is not allowed'],
    ['epochs={ __proto__: 1 }', '__proto__ cannot be a key'],
  ])('is refused where a pipeline file would be: %s', (override, why) => {
    const [failure, ...others] = failuresOf(sweep, { overrides: [override] });
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ code: 'bad-override', message: `the value of epochs cannot be read: ${why}` });
    expect(failure && underlined(failure)).toBe(override.slice(7));
  });

  it('reports what is wrong with all of them', () => {
    expect(problemsOf(sweep, { overrides: ['epohs=1', 'lrr=2', 'epochs='] }).map((one) => one.split(':')[1])).toEqual([
      '1 unknown-override',
      '1 unknown-override',
      '8 wrong-type',
    ]);
  });
});

describe('-S of a value inside a param', () => {
  const nested = [
    'params: { opt: { lr: 0.1, wd: 0, "a.b": { c: 1 } }, lr: 9, whole: "${params.opt}", run: { x: 1 } }',
    'stages:',
    '  s: { uses: command, with: { run: ["${params.opt.lr}", "${params.opt.wd}", "${params.opt.a.b.c}"] } }',
    '  d: { uses: dataset, with: { source: "${params.whole.lr}!", split: { val: 0.1 } } }',
    '  run: { uses: command, with: { inputs: { x: "${params.run.x}" } } }',
  ].join('\n');
  const made = (...overrides: string[]) => planOf(nested, { overrides });
  const runs = (...overrides: string[]) =>
    made(...overrides).cells.flatMap(({ stage, params }) => (stage === 's' ? [params['run']] : []));

  it.each<[readonly string[], readonly unknown[]]>([
    [['opt.lr=0.2'], [[0.2, 0, 1]]],
    [['params.opt.lr=0.2'], [[0.2, 0, 1]]],
    [['opt.a.b.c=7'], [[0.1, 0, 7]]],
    [['opt.lr=0.2', 'opt.wd=1'], [[0.2, 1, 1]]],
    [['opt={ lr: 5, wd: 6, "a.b": { c: 7 } }', 'opt.wd=1'], [[5, 1, 7]]],
    [
      ['opt.lr=0.2,0.3'],
      [
        [0.2, 0, 1],
        [0.3, 0, 1],
      ],
    ],
    [
      ['opt.lr=0.2,0.3', 'params.opt.wd=4'],
      [
        [0.2, 4, 1],
        [0.3, 4, 1],
      ],
    ],
    [
      ['opt.lr=1,2', 'opt.wd=3,4'],
      [
        [1, 3, 1],
        [1, 4, 1],
        [2, 3, 1],
        [2, 4, 1],
      ],
    ],
  ])('sets that one value, and sweeps: %j', (overrides, expected) => {
    expect(runs(...overrides)).toEqual(expected);
  });

  it('is seen by whatever reads the param, and can be selected', () => {
    const plan = made('opt.lr=0.2,0.3');
    expect(plan.cells.find(({ stage }) => stage === 'd')?.params['source']).toBe('0.2!');
    expect(unwrap(findCells(plan.cells, ['s[opt.lr=0.3]'])).size).toBe(1);
    expect(cellOf(made('run.x=2'), 'run').params['inputs']).toEqual({ x: 2 });
  });

  it.each<[string, unknown]>([
    ['d.with.split.val=0.3', { val: 0.3, seed: 0 }],
    ['split.val=0.3', { val: 0.3, seed: 0 }],
    ['d.with.split.seed=4', { val: 0.1, seed: 4 }],
  ])('works in parameters of stages too: %s', (override, split) => {
    expect(cellOf(made(override), 'd').params['split']).toEqual(split);
  });

  it.each<[string, string]>([
    ['opt.lrr=1', 'did you mean opt.lr?'],
    ['params.opt.lrr=1', 'did you mean params.opt.lr'],
    ['op.lr=1', 'did you mean opt.lr'],
    ['opt.betas=1', 'known: opt.a.b, opt.a.b.c, opt.lr or opt.wd'],
    ['lr.x=1', 'known: lr'],
    ['whole.lr=1', 'override what it stands for'],
    ['d.with.split.vall=1', 'did you mean val?'],
    ['s.wiht.run=1', 'did you mean s.with.run?'],
  ])('that is not there is answered with names that can be overridden: %s', (override, fix) => {
    const [failure] = failuresOf(nested, { overrides: [override] });
    expect(failure?.fix).toContain(fix);
    const named = failure?.fix?.match(/(?:did you mean|known:) ([^?…]+)/)?.[1]?.split(/, | or /) ?? [];
    for (const name of named.filter((one) => one !== 'val')) {
      const codes = failuresOf(nested, { overrides: [`${name.trim()}=1`] }).map(({ code }) => code);
      expect(codes, name).not.toContain('unknown-override');
    }
  });
});

describe('-S that says something twice', () => {
  const notes = (...overrides: string[]) => plannedOf(sweep, { overrides }).notes.map(({ message }) => message);

  it('is told that the later one wins', () => {
    expect(notes('epochs=2', 'params.epochs=3')).toEqual([
      '-S epochs=2 has no effect: -S params.epochs=3 comes later; values with commas between them sweep',
    ]);
    expect(notes('epochs=2', 'epochs=2')).toEqual([]);
  });

  it('is told of a value that is there again, however it is written', () => {
    expect(notes('kd_ratio=0.1,0.10,0.3')).toEqual(['kd_ratio is given 0.1 twice, and has it once']);
    expect(notes('kd_method=MGD,MGD')).toEqual(['kd_method is given "MGD" twice, and has it once']);
    expect(idsOf(plannedOf(sweep, { overrides: ['kd_method=MGD,MGD'] }).plan, 'student')).toHaveLength(1);
  });

  it('may say a very large or small number', () => {
    expect(echoed('x=1e30')).toEqual({ x: 1e30 });
    expect(idsOf(planOf(echo, { overrides: ['x=1e30,1e-30'] }))).toEqual(['a[x=1e+30]', 'a[x=1e-30]']);
    expect(unwrap(findCells(planOf(echo, { overrides: ['x=1e30,1'] }).cells, ['a[x=1e30]'])).size).toBe(1);
    expect(planOf(echo.replace('x: start', 'x: 1e30')).params).toEqual({ x: 1e30 });
  });
});

/** Values that YAML writes and reads as themselves. */
const scalar = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/).filter((text) => !/^(?:true|false|null)$/.test(text)),
);
const value = fc.oneof(scalar, fc.dictionary(fc.constantFrom('a', 'b'), scalar, { minKeys: 1 }));

describe('an override, for any value,', () => {
  it('says what the file would have said', () => {
    fc.assert(
      fc.property(value, (one) => {
        const text = JSON.stringify(one);
        const inFile = planOf(echo.replace('x: start', () => `x: ${text}`));
        expect(planOf(echo, { overrides: [`x=${text}`] })).toEqual(inFile);
      }),
    );
  });

  it('sweeps over exactly the values between its commas', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 6 }), (values) => {
        const plan = planOf(echo, { overrides: [`x=${values.join(',')}`] });
        expect(plan.cells.map(({ params }) => params['inputs'])).toEqual(values.map((x) => ({ x })));
      }),
    );
  });

  it('is undone by another one of the same name', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 3 }), fc.integer(), (first, last) => {
        expect(planOf(echo, { overrides: [`x=${first.join(',')}`, `x=${last}`] })).toEqual(
          planOf(echo, { overrides: [`x=${last}`] }),
        );
      }),
    );
  });
});
