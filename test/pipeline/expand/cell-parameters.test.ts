import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellReference, type ValueObject } from '../../../src/core/plan.ts';
import { kinds } from '../support/kinds.ts';
import { cellOf, failuresOf, planOf, problemsOf, underlined } from '../support/planning.ts';
import { yamlOf } from '../support/yaml.ts';

/** Where a value of `epochs` may be written; what is absent is not written. */
interface Origins {
  readonly given?: number;
  readonly axis?: number;
  readonly fallback?: number;
}

/** A teacher whose epochs are written in these places. */
function teacher({ given, axis, fallback }: Origins): string {
  const data = '${stages.birds}';
  return yamlOf({
    ...(fallback === undefined ? {} : { defaults: { 'train-teacher': { epochs: fallback } } }),
    stages: {
      birds: { uses: 'dataset', with: { source: 'cub' } },
      teacher: {
        uses: 'train-teacher',
        ...(axis === undefined ? {} : { matrix: { epochs: [axis] } }),
        // An axis that nothing reads would be refused: here something else does.
        with: {
          data,
          model: 'resnet18',
          ...(axis === undefined ? {} : { lr: '${matrix.epochs}' }),
          ...(given === undefined ? {} : { epochs: given }),
        },
      },
    },
  });
}

const teacherOf = (text: string) => planOf(text).cells.find(({ stage }) => stage === 'teacher');
const optional = fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined });
const origins = fc.record({ given: optional, axis: optional, fallback: optional });

describe('the value of a parameter', () => {
  it('is that of with, else of an axis, else of defaults, else the kind’s own', () => {
    fc.assert(
      fc.property(origins, ({ given, axis, fallback }) => {
        const written = { ...(given && { given }), ...(axis && { axis }), ...(fallback && { fallback }) };
        expect(teacherOf(teacher(written))?.params['epochs']).toBe(given ?? axis ?? fallback ?? 150);
      }),
    );
  });

  it.each<[string, Origins, string]>([
    ['with', { given: 0, axis: 2, fallback: 3 }, 'epochs: 0'],
    ['an axis', { axis: 0, fallback: 3 }, '- 0'],
    ['defaults', { fallback: 0 }, 'epochs: 0'],
  ])('is blamed where it was written: in %s', (_, written, text) => {
    const [failure, ...others] = failuresOf(teacher(written)).filter(({ message }) =>
      message.startsWith('parameter epochs'),
    );
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ code: 'out-of-range', expected: 'a whole number from 1 to 1000 (epochs)' });
    expect(failure?.place?.excerpt?.trim()).toBe(text);
    expect(underlined(failure ?? { code: '', message: '' })).toBe('0');
  });

  it('that loses to a better one is not judged cell by cell, but what is written is judged once', () => {
    expect(problemsOf(teacher({ given: 5, fallback: 0 }))).toEqual(['3:13 out-of-range: parameter epochs: got 0']);
  });

  it('of with may be made of an axis of the same name', () => {
    const text =
      'stages:\n  birds: { uses: dataset, with: { source: cub } }\n' +
      '  teacher: { uses: train-teacher, matrix: { epochs: [1, 2] }, with: { data: "${stages.birds}", model: resnet18, epochs: "${matrix.epochs}" } }';
    expect(
      planOf(text)
        .cells.slice(1)
        .map(({ params }) => params['epochs']),
    ).toEqual([1, 2]);
  });

  it('keeps the type of an expression that stands alone, and is text inside of text', () => {
    const text =
      'params: { n: 3, on: true, none: null, list: [1, a] }\nstages: { a: { uses: command, with: { inputs: { n: "${params.n}", on: "${params.on}", none: "${params.none}", list: "${params.list}", all: "${params.n} ${params.on}" } } } }';
    expect(cellOf(planOf(text), 'a').params['inputs']).toEqual({
      n: 3,
      on: true,
      none: null,
      list: [1, 'a'],
      all: '3 true',
    });
  });
});

describe('the parameters that act', () => {
  const text =
    'stages:\n  birds: { uses: dataset, with: { source: cub } }\n' +
    '  teacher: { uses: train-teacher, matrix: { ema: [false, true] }, with: { data: "${stages.birds}", model: resnet18, lr: 1 } }';

  it('are all of them, unless the kind tells', () => {
    expect(planOf(text).cells[1]?.params).toMatchObject({ ema: false, lr: 1, seed: 0 });
  });

  it('are those that the kind leaves, given the completed ones of each cell', () => {
    const effective = ({ seed: _, lr, ...rest }: ValueObject): ValueObject =>
      rest['ema'] === true ? { ...rest, lr: lr ?? 0 } : rest;
    const telling = { ...kinds, 'train-teacher': { ...kinds['train-teacher'], effective } };
    const [plain, averaged] = planOf(text, { kinds: telling }).cells.slice(1);
    expect(plain?.params).not.toHaveProperty('lr');
    expect(averaged?.params).toMatchObject({ lr: 1, ema: true });
    for (const one of [plain, averaged]) {
      expect(one?.params).not.toHaveProperty('seed');
      expect(one?.needs).toEqual(['birds']);
    }
  });
});

describe('a required parameter', () => {
  const stages = 'stages:\n  birds: { uses: dataset, with: { source: cub } }\n';

  it('that is missing in all cells is a problem of the stage, told once', () => {
    const text = `${stages}  teacher: { uses: train-teacher, matrix: { seed: [0, 1, 2] }, with: { data: "\${stages.birds}" } }`;
    const [failure, ...others] = failuresOf(text);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'missing-param',
      message: 'stage teacher lacks the parameter model',
      expected: 'one of resnet50, resnet18 or mobilenetv2',
      fix: 'with: { model: … }',
    });
    expect(underlined(failure ?? { code: '', message: '' })).toBe('teacher');
  });

  it('that is missing in some cells is told with these cells', () => {
    const matrix = 'matrix: { seed: [0, 1, 2], include: [{ seed: 1, model: resnet18 }] }';
    expect(
      problemsOf(`${stages}  teacher: { uses: train-teacher, ${matrix}, with: { data: "\${stages.birds}" } }`),
    ).toEqual([
      '3:3 missing-param: stage teacher lacks the parameter model (in 2 cells, the first is teacher[seed=0])',
    ]);
  });

  it.each<[string, string]>([
    ['an axis', 'teacher: { uses: train-teacher, matrix: { model: [resnet18] }, with: { data: "${stages.birds}" } }'],
    [
      'an include of every cell',
      'teacher: { uses: train-teacher, matrix: { seed: [0, 1], include: [{ model: resnet18 }] }, with: { data: "${stages.birds}" } }',
    ],
    [
      'a zip',
      'teacher: { uses: train-teacher, matrix: { zip: { model: [resnet18], seed: [4] } }, with: { data: "${stages.birds}" } }',
    ],
  ])('may come from %s', (_, stage) => {
    const models = planOf(`${stages}  ${stage}`)
      .cells.slice(1)
      .map(({ params }) => params['model']);
    expect(new Set(models)).toEqual(new Set(['resnet18']));
  });

  it('may come from defaults', () => {
    const text = `defaults: { train-teacher: { model: resnet50 } }\n${stages}  teacher: { uses: train-teacher, with: { data: "\${stages.birds}" } }`;
    expect(cellOf(planOf(text), 'teacher').params['model']).toBe('resnet50');
  });
});

describe('what a cell needs', () => {
  const makers = 'stages:\n  b: { uses: command }\n  a: { uses: command }\n';

  it('are the cells that its parameters refer to, at any depth, each once, sorted', () => {
    const inputs =
      '{ x: "${stages.b}", y: ["${stages.a}", { z: "${stages.b.model}" }], text: "from ${stages.a} to ${stages.b}" }';
    const cell = cellOf(planOf(`${makers}  c: { uses: command, with: { inputs: ${inputs} } }`), 'c');
    expect(cell.needs).toEqual(['a', 'b']);
    expect(cell.params['inputs']).toMatchObject({
      x: new CellReference('b', 'out'),
      y: [new CellReference('a', 'out'), { z: new CellReference('b', 'model') }],
    });
  });

  it('are those of defaults and of axes too', () => {
    const defaults = 'defaults: { command: { inputs: { x: "${stages.a}" } } }\n';
    const text = `${defaults}stages:\n  a: { uses: command, with: { inputs: {} } }\n  b: { uses: command, with: { inputs: {} } }\n  c: { uses: command, matrix: { of: ["\${stages.b}"] }, with: { shell: "\${matrix.of}" } }`;
    expect(cellOf(planOf(text), 'c[of=b]').needs).toEqual(['a', 'b']);
  });

  it('are none of a default that loses to what the stage gives; an axis that only such a default reads is unused', () => {
    const text = `defaults: { command: { inputs: { x: "\${stages.a}" } } }\nstages:\n  a: { uses: command, with: { inputs: {} } }\n  c: { uses: command, with: { inputs: { y: 1 } } }`;
    expect(cellOf(planOf(text), 'c').needs).toEqual([]);
    const idle =
      'defaults: { command: { shell: "${matrix.x}" } }\nstages: { c: { uses: command, matrix: { x: [1, 2] }, with: { shell: x } } }';
    expect(problemsOf(idle)).toEqual(['2:41 unused-axis: axis x of stage c changes nothing']);
  });
});
