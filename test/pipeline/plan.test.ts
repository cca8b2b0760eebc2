import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/plan.ts';
import { parseSelector } from '../../src/cells/selector.ts';
import { cellOf, failuresOf, idsOf, planOf, problemsOf } from './support/planning.ts';
import { shuffled, yamlOf } from './support/yaml.ts';

/** The pipeline of the language's documentation, for the small kinds. */
const cub = {
  name: 'cub',
  description: 'Which method?',
  params: { epochs: 150, lr: 1e-4 },
  defaults: {
    'train-teacher': { epochs: '${params.epochs}', lr: '${params.lr}' },
    'distill-student': { epochs: '${params.epochs}', lr: '${params.lr}' },
  },
  stages: {
    birds: { uses: 'dataset', with: { source: 'cub', root: '${env.DATA:-/data}', split: { val: 0.1, seed: 0 } } },
    teacher: { uses: 'train-teacher', with: { data: '${stages.birds}', model: 'resnet50' } },
    student: {
      uses: 'distill-student',
      matrix: {
        teacher: ['${stages.teacher}'],
        kd_method: ['SoftTarget', 'MGD', 'AT'],
        ema: [false, true],
        seed: [0, 1, 2],
        include: [
          { kd_method: 'SoftTarget', kd_ratio: 0.7 },
          { kd_method: 'MGD', kd_ratio: 0.7 },
          { kd_method: 'AT', kd_ratio: 100 },
        ],
        exclude: [{ kd_method: 'AT', ema: true }],
      },
      with: { data: '${stages.birds}', model: 'mobilenetv2' },
      resources: { gpu: 1, time: '12h' },
      retry: 1,
    },
    score: {
      uses: 'evaluate',
      matrix: { of: ['${stages.teacher}', '${stages.student}'] },
      with: { data: '${stages.birds}', splits: ['val', 'test'] },
    },
  },
  tables: { results: { from: 'score', rows: ['model', 'kd_method', 'ema'], columns: ['test.accuracy'] } },
};

const withoutParams = (plan: Plan): Plan => ({ ...plan, params: {} });

describe('the plan of a whole pipeline', () => {
  const plan = planOf(yamlOf(cub));

  it('has a cell for each combination, and each has a name of its own', () => {
    expect(idsOf(plan, 'birds')).toEqual(['birds']);
    expect(idsOf(plan, 'teacher')).toEqual(['teacher']);
    // 3 methods × 2 ema × 3 seeds, without AT with ema.
    expect(idsOf(plan, 'student')).toHaveLength(15);
    expect(idsOf(plan, 'score')).toHaveLength(16);
    expect(new Set(idsOf(plan)).size).toBe(33);
  });

  it('names cells by their axes: cells first, then by the name of the axis', () => {
    expect(idsOf(plan, 'student').slice(0, 4)).toEqual([
      'student[teacher=teacher,ema=false,kd_method=SoftTarget,kd_ratio=0.7,seed=0]',
      'student[teacher=teacher,ema=false,kd_method=SoftTarget,kd_ratio=0.7,seed=1]',
      'student[teacher=teacher,ema=false,kd_method=SoftTarget,kd_ratio=0.7,seed=2]',
      'student[teacher=teacher,ema=false,kd_method=MGD,kd_ratio=0.7,seed=0]',
    ]);
  });

  it('has all parameters of a cell, with those that nobody gave', () => {
    const id = 'student[teacher=teacher,ema=true,kd_method=MGD,kd_ratio=0.7,seed=2]';
    expect(cellOf(plan, id)).toEqual({
      id,
      stage: 'student',
      kind: 'distill-student',
      axes: { teacher: { cell: 'teacher', output: undefined }, ema: true, kd_method: 'MGD', kd_ratio: 0.7, seed: 2 },
      params: {
        data: { cell: 'birds', output: 'data' },
        teacher: { cell: 'teacher', output: 'weights' },
        kd_method: 'MGD',
        kd_ratio: 0.7,
        model: 'mobilenetv2',
        epochs: 150,
        lr: 1e-4,
        ema: true,
        blocks: [3, 4],
        seed: 2,
        rdrop: false,
      },
      needs: ['birds', 'teacher'],
      resources: { cpu: 1, gpu: 1, memory: 0 },
      retry: 1,
      timeout: 43_200,
    });
  });

  it('puts every cell after those that it needs', () => {
    const order = new Map(idsOf(plan).map((id, index) => [id, index]));
    for (const { id, needs } of plan.cells) {
      for (const need of needs) expect(order.get(need)).toBeLessThan(order.get(id) ?? -1);
    }
  });

  it('has tables with the cells that they read', () => {
    expect(plan.tables[0]?.cells).toEqual(idsOf(plan, 'score'));
  });

  it('is the same for the same text', () => {
    expect(planOf(yamlOf(cub))).toEqual(plan);
    expect(JSON.stringify(planOf(yamlOf(cub)))).toBe(JSON.stringify(plan));
  });

  it('does not depend on comments, quotes, anchors or flow style', () => {
    const flow = 'stages: { d: { uses: dataset, with: { source: "mnist", split: { val: 0.1, seed: 3 } } } }';
    const block = [
      '# What the digits come from',
      'stages:',
      '  d:',
      '    uses: dataset # downloads once',
      '    with:',
      '      source: mnist',
      '      split: &split',
      '        val: 1e-1',
      "        'seed': 3",
    ].join('\n');
    expect(planOf(block)).toEqual(planOf(flow));
  });

  it('reads the environment that it is given, and none else', () => {
    const root = (env: Record<string, string>): unknown => cellOf(planOf(yamlOf(cub), { env }), 'birds').params['root'];
    expect(root({ DATA: '/here' })).toBe('/here');
    expect(root({})).toBe('/data');
    expect(root({ data: '/here' })).toBe('/data');
  });

  it('does not share what callers may see: it is frozen where cells share it', () => {
    const [first, second] = plan.cells.filter(({ stage }) => stage === 'score');
    expect(first?.params['splits']).toBe(second?.params['splits']);
    expect(Object.isFrozen(first?.params['splits'])).toBe(true);
  });

  it('differs only in what an override says', () => {
    const changed = planOf(yamlOf(cub), { overrides: ['epochs=2'] });
    expect(idsOf(changed)).toEqual(idsOf(plan));
    expect(withoutParams(changed)).toEqual(
      withoutParams({
        ...plan,
        cells: plan.cells.map((cell) =>
          'epochs' in cell.params ? { ...cell, params: { ...cell.params, epochs: 2 } } : cell,
        ),
      }),
    );
  });
});

describe('the order of keys', () => {
  const byId = (plan: Plan): unknown => new Map(plan.cells.map((cell) => [cell.id, cell]));

  it('changes no cell, no parameter and no table, wherever keys are moved', () => {
    const plan = planOf(yamlOf(cub));
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (draws) => {
        const moved = planOf(yamlOf(shuffled(cub, () => draws.next().value as number)));
        expect(byId(moved)).toEqual(byId(plan));
        expect(moved.tables).toEqual(plan.tables.map((table) => ({ ...table, cells: expect.any(Array) as unknown })));
      }),
      { numRuns: 30 },
    );
  });

  it('changes not even the order of cells within a stage', () => {
    const plan = planOf(yamlOf(cub));
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (draws) => {
        const moved = planOf(yamlOf(shuffled(cub, () => draws.next().value as number)));
        for (const stage of Object.keys(cub.stages)) expect(idsOf(moved, stage)).toEqual(idsOf(plan, stage));
      }),
      { numRuns: 30 },
    );
  });

  it('of a mapping that is an axis value changes no id', () => {
    const text = (value: string): string =>
      `stages: { a: { uses: command, matrix: { c: [${value}] }, with: { inputs: "\${matrix.c}" } } }`;
    expect(idsOf(planOf(text('{ b: 1, a: 2 }')))).toEqual(idsOf(planOf(text('{ a: 2, b: 1 }'))));
  });
});

describe('ids of cells', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', '1', ',', '=', '[', ']', '"', '{', '}', ' ', '\\', '*', '.'),
    maxLength: 4,
  });
  const axis = fc.oneof(
    text,
    fc.integer({ min: -2, max: 12 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 1 }), { maxKeys: 2 }),
  );
  const matrixOf = (x: readonly unknown[], y: readonly unknown[]): string =>
    yamlOf({
      stages: { s: { uses: 'command', matrix: { x, y }, with: { inputs: { x: '${matrix.x}', y: '${matrix.y}' } } } },
    });
  const escaped = (value: unknown): unknown =>
    typeof value === 'string' ? value.replaceAll('${', () => '$${') : value;
  const canonical = (value: unknown): string =>
    JSON.stringify(value, (_, one: unknown) =>
      typeof one === 'object' && one !== null && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort())
        : one,
    );
  const texts = fc.uniqueArray(text, { minLength: 1, maxLength: 4 });
  const values = fc.uniqueArray(axis, { minLength: 1, maxLength: 4, selector: canonical });

  it('are injective: different values never share one, whatever the values', () => {
    fc.assert(
      fc.property(values, values, (x, y) => {
        const plan = planOf(matrixOf(x.map(escaped), y.map(escaped)));
        expect(plan.cells).toHaveLength(x.length * y.length);
        expect(new Set(idsOf(plan)).size).toBe(x.length * y.length);
      }),
      { numRuns: 300 },
    );
  });

  it('keep the values of axes as they were written, type and all', () => {
    fc.assert(
      fc.property(values, (x) => {
        const plan = planOf(matrixOf(x.map(escaped), [0]));
        expect(plan.cells.map(({ axes }) => axes['x'])).toEqual(x);
      }),
      { numRuns: 200 },
    );
  });

  // A bare value also names the text that looks like it: x=1 finds 1 and "1". So here are texts alone.
  it('are selectors of exactly their cell, where axes hold texts', () => {
    fc.assert(
      fc.property(texts, texts, (x, y) => {
        const plan = planOf(matrixOf(x.map(escaped), y.map(escaped)));
        for (const id of idsOf(plan)) {
          expect(parseSelector(id)?.end).toBe(id.length);
          const tables = { t: { from: id.replaceAll('${', () => '$${'), rows: ['x'], columns: ['m'] } };
          const text = `${matrixOf(x.map(escaped), y.map(escaped))}\n${yamlOf({ tables })}`;
          expect(planOf(text).tables[0]?.cells).toEqual([id]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, string]>([
    ['1', 'a[x=1]'],
    ['"1"', 'a[x="1"]'],
    ['1.0', 'a[x=1]'],
    ['1e-4', 'a[x=0.0001]'],
    ['true', 'a[x=true]'],
    ['"true"', 'a[x="true"]'],
    ['null', 'a[x=null]'],
    ['""', 'a[x=""]'],
    ['ten-crop', 'a[x=ten-crop]'],
    ['"a b"', 'a[x="a b"]'],
    ['"a,b=c"', 'a[x="a,b=c"]'],
    ['"*"', 'a[x="*"]'],
    ['[1, 2]', 'a[x=[1,2]]'],
    ['{ b: 1, a: x }', 'a[x={"a":"x","b":1}]'],
  ])('show the value %s as %s', (value, id) => {
    expect(
      idsOf(
        planOf(
          `stages: { a: { uses: command, matrix: { x: [${value}] }, with: { inputs: "\${matrix}" } } }`.replace(
            '"${matrix}"',
            '{ x: "${matrix.x}" }',
          ),
        ),
      ),
    ).toEqual([id]);
  });
});

describe('a large pipeline', () => {
  const text = [
    'stages:',
    '  a: { uses: command, matrix: { x: { from: 1, to: 100, step: 1 }, seeds: 50 }, with: { run: ["${matrix.x}"] } }',
    '  b: { uses: command, matrix: { a: ["${stages.a}"] }, with: { inputs: { a: "${matrix.a}" } } }',
  ].join('\n');

  it('of 10,000 cells is planned, each of which needs its own', () => {
    const { cells } = planOf(text);
    expect(cells).toHaveLength(10_000);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(10_000);
    const [of, other] = [cells.filter(({ stage }) => stage === 'b'), cells.filter(({ stage }) => stage === 'a')];
    expect(of.map(({ needs }) => needs)).toEqual(other.map(({ id }) => [id]));
  });

  it('joins ten thousand cells one by one', () => {
    const joined = text
      .replace('matrix: { a: ["${stages.a}"] }', 'matrix: { x: { from: 1, to: 100, step: 1 }, seeds: 50 }')
      .replace('{ a: "${matrix.a}" }', '{ a: "${stages.a}" }');
    const { cells } = planOf(joined);
    for (const { id, stage, needs } of cells) if (stage === 'b') expect(needs).toEqual([id.replace('b[', 'a[')]);
  });
});

describe('stages that need each other', () => {
  it('are refused as a circle, with the way around it', () => {
    const text = [
      'stages:',
      '  a: { uses: command, with: { inputs: { x: "${stages.c}" } } }',
      '  b: { uses: command, with: { inputs: { x: "${stages.a}" } } }',
      '  c: { uses: command, with: { inputs: { x: "${stages.b}" } } }',
    ].join('\n');
    const [failure, ...others] = failuresOf(text);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'cycle',
      message: 'stages need each other in a circle: a → c → b → a',
      expected: 'stages that need only earlier ones',
      place: { line: 2, column: 44 },
    });
  });

  it('are refused when it is one that needs itself', () => {
    expect(problemsOf('stages: { a: { uses: command, with: { inputs: { x: "${stages.a}" } } } }')).toEqual([
      '1:52 cycle: stages need each other in a circle: a → a',
    ]);
  });

  it('through an axis are a circle too', () => {
    expect(problemsOf('stages: { a: { uses: command, matrix: { x: ["${stages.a}"] } } }')[0]).toContain('cycle');
  });

  it('do not hide what else is wrong', () => {
    const text = 'stages:\n  a: { uses: command, with: { inputs: { x: "${stages.a}" } } }\n  b: { uses: comand }';
    expect(failuresOf(text).map(({ code }) => code)).toEqual(['cycle', 'unknown-kind']);
  });
});

describe('problems', () => {
  it('are all reported at once, in the order of their places', () => {
    const text = [
      'nam: x',
      'stages:',
      '  d: { uses: dataset, with: { sorce: mnist } }',
      '  t: { uses: train-teacher, with: { data: "${stages.e}", model: resnet5, epochs: 0 } }',
      '  s: { uses: distill-student, retry: -1 }',
    ].join('\n');
    expect(problemsOf(text)).toEqual([
      '1:1 unknown-key: a pipeline has no key "nam"',
      '3:3 missing-param: stage d lacks the parameter source',
      '3:31 unknown-param: dataset has no parameter "sorce"',
      '4:44 unknown-stage: there is no stage "e"',
      '4:65 unknown-model: parameter model: there is no model "resnet5"',
      '4:82 out-of-range: parameter epochs: got 0',
      '5:3 missing-param: stage s lacks the parameter data',
      '5:3 missing-param: stage s lacks the parameter model',
      '5:3 missing-param: stage s lacks the parameter teacher',
      '5:38 bad-limit: retry is -1',
    ]);
  });

  it('of a stage that others need are not repeated by these', () => {
    const text = [
      'stages:',
      '  d: { uses: dataset, with: { source: 3 } }',
      '  t: { uses: train-teacher, with: { data: "${stages.d}", model: resnet50 } }',
      '  e: { uses: evaluate, matrix: { of: ["${stages.t}"] }, with: { data: "${stages.d}" } }',
    ].join('\n');
    expect(problemsOf(text)).toEqual(['2:39 wrong-type: parameter source: got 3']);
  });

  it('never throw, whatever the text', () => {
    const piece = fc.constantFrom(
      'stages:',
      ' a:',
      ' { uses: command }',
      '\n',
      '  ',
      'matrix: ',
      '[1]',
      '{ x: [1] }',
      '"${stages.a}"',
      '"${params.x}"',
      'with: ',
      'tables: ',
      'from: a',
      'params: ',
      'x: 1',
      'include: [{ x: 1 }]',
      'seeds: 2',
      '- ',
      '"${matrix.x}"',
      'null',
      ', ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), fc.array(piece, { maxLength: 2 }), (pieces, overrides) => {
        expect(Array.isArray(failuresOf(pieces.join(''), { overrides: overrides.map((one) => `x=${one}`) }))).toBe(
          true,
        );
      }),
      { numRuns: 500 },
    );
  });
});
