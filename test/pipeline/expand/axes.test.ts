import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failuresOf, idsOf, planOf, problemsOf, underlined, type Options } from '../support/planning.ts';
import { yamlOf } from '../support/yaml.ts';

/** A stage with a matrix; every axis is used by its name in `run`. */
const withMatrix = (matrix: string, use = 'x', head = ''): string =>
  `${head}\nstages:\n  a:\n    uses: command\n    matrix: ${matrix}\n    with: { run: [${use
    .split(' ')
    .map((name) => `"\${matrix.${name}}"`)
    .join(', ')}] }`;

const ids = (matrix: string, use?: string, head?: string, options?: Options): string[] =>
  idsOf(planOf(withMatrix(matrix, use, head), options), 'a').map((id) => id.slice(2, -1));

describe('an axis', () => {
  it.each<[string, readonly string[]]>([
    ['{ x: [1, 2] }', ['x=1', 'x=2']],
    ['{ x: [b, a] }', ['x=b', 'x=a']],
    ['{ x: { from: 0, to: 1, step: 0.5 } }', ['x=0', 'x=0.5', 'x=1']],
    ['{ x: { from: 0, to: 1, count: 3 } }', ['x=0', 'x=0.5', 'x=1']],
    ['{ x: { from: 1e-4, to: 1e-2, count: 3, scale: log } }', ['x=0.0001', 'x=0.001', 'x=0.01']],
    ['{ x: { from: 3, to: 1, step: -1 } }', ['x=3', 'x=2', 'x=1']],
    ['{ x: "${params.list}" }', ['x=5', 'x=6']],
    ['{ x: ["${params.one}", 9] }', ['x=3', 'x=9']],
    ['{ x: ["v${params.one}"] }', ['x=v3']],
    ['{ x: { from: 0, to: "${params.one}", step: 1 } }', ['x=0', 'x=1', 'x=2', 'x=3']],
    ['{ x: ["${params.list}"] }', ['x=[5,6]']],
    ['{ zip: { x: [1, 2] } }', ['x=1', 'x=2']],
    ['{ zip: { x: { from: 1, to: 2, step: 1 } } }', ['x=1', 'x=2']],
    ['{ include: [{ x: 1 }, { x: 2 }] }', ['x=1', 'x=2']],
  ])('may be written %s', (matrix, wanted) => {
    expect(ids(matrix, 'x', 'params: { list: [5, 6], one: 3 }')).toEqual(wanted);
  });

  it.each<[string, string, string]>([
    ['{ x: 3 }', '3 ← bad-axis: axis x is 3', 'a list, a range { from, to, step }, or "${stages.id}"'],
    ['{ x: null }', 'null ← bad-axis: axis x is nothing', 'a list, a range { from, to, step }, or "${stages.id}"'],
    ['{ x: abc }', 'abc ← bad-axis: an axis is "abc"', 'a list, a range { from, to, step }, or "${stages.id}"'],
    [
      '{ x: "${params.one}" }',
      '"${params.one}" ← bad-axis: an axis is "${params.one}"',
      'a list, a range { from, to, step }, or "${stages.id}"',
    ],
    ['{ x: [] }', 'x ← empty-axis: axis x has no values', 'at least one value'],
    [
      '{ x: { from: 0, to: 1, step: 0 } }',
      '0 ← bad-axis: the step of this range cannot be used',
      'a number other than 0',
    ],
    [
      '{ x: { from: 0, to: 1, step: -1 } }',
      '-1 ← bad-axis: the step of a range leads away from its end',
      'a step above 0',
    ],
    [
      '{ x: { from: 1, to: 0, step: 1 } }',
      '1 ← bad-axis: the step of a range leads away from its end',
      'a step below 0',
    ],
    [
      '{ x: { from: 0, to: 1 } }',
      'x ← bad-axis: a range needs either a step or a count',
      '{ from, to, step }, { from, to, count } or { from, to, count, scale: log }',
    ],
    [
      '{ x: { to: 1, step: 1 } }',
      'x ← bad-axis: this range has no from',
      '{ from, to, step }, { from, to, count } or { from, to, count, scale: log }',
    ],
    [
      '{ x: { from: a, to: 1, step: 1 } }',
      'a ← bad-axis: this range has no from',
      '{ from, to, step }, { from, to, count } or { from, to, count, scale: log }',
    ],
    [
      '{ x: { from: 0, to: 1, step: 1, scale: log } }',
      'log ← bad-axis: a range with a step has no scale',
      '{ from, to, step }, { from, to, count } or { from, to, count, scale: log }',
    ],
    [
      '{ x: { from: 0, to: 1, count: 2, scale: log } }',
      '0 ← bad-axis: a logarithmic range cannot reach 0 or below',
      'a number above 0',
    ],
    [
      '{ x: { from: 1, to: 2, count: 2, scale: lg } }',
      'lg ← bad-axis: the scale of a range is unknown',
      'log or linear',
    ],
    [
      '{ x: { from: 1, to: 2, count: 1 } }',
      '1 ← bad-axis: one value cannot reach from one end to the other',
      'a count of at least 2',
    ],
    ['{ x: { from: 0, to: 1, step: 1e-9 } }', '1e-9 ← bad-axis: the range has 1000000001 values', 'at most 100000'],
    [
      '{ x: [1], zip: { y: [1, 2], z: [1] } }',
      'zip ← unequal-zip: the lists of zip differ in length: y has 2, z has 1',
      'lists of equal length',
    ],
    [
      '{ x: [1], exclude: [{ x: 1 }] }',
      'matrix ← empty-matrix: the matrix of stage a stands for no cell',
      'an exclude that leaves something',
    ],
    [
      '{ include: [] }',
      'matrix ← empty-matrix: the matrix of stage a stands for no cell',
      'at least one axis, or an include',
    ],
    [
      '{ x: ["${matrix.y}"], y: [1] }',
      '${matrix.y} ← not-here: ${matrix.y} cannot stand here: axes do not depend on each other',
      '',
    ],
  ])('is refused, and the slip underlined: %s', (matrix, problem, expected) => {
    const found = failuresOf(withMatrix(matrix, 'x', 'params: { one: 3 }'));
    const own = found.filter(({ code }) => code !== 'unknown-axis');
    expect(own.map((failure) => `${underlined(failure)} ← ${failure.code}: ${failure.message}`)).toEqual([problem]);
    expect(own[0]?.expected ?? '').toBe(expected);
  });

  it('that would fill the memory is refused before it is made', () => {
    const axis = '{ from: 1, to: 400, step: 1 }';
    expect(failuresOf(withMatrix(`{ x: ${axis}, y: ${axis} }`, 'x y'))).toMatchObject([
      {
        code: 'matrix-too-large',
        message: 'the matrix of stage a stands for 160000 cells',
        expected: 'at most 100000',
        place: { line: 5, column: 5 },
      },
    ]);
  });

  it('cannot be text with a reference in it', () => {
    const text =
      'stages:\n  a: { uses: command }\n  b: { uses: command, matrix: { x: ["w=${stages.a}"] }, with: { inputs: "${matrix.x}" } }';
    const [failure] = failuresOf(text);
    expect(failure).toMatchObject({
      code: 'bad-axis',
      message: 'an axis value is a text with a reference in it',
      expected: 'a value, or a reference alone',
    });
  });

  it('that changes nothing is refused: it would run the same thing under several names', () => {
    const [failure, ...others] = failuresOf('stages: { a: { uses: command, matrix: { lr: [1, 2] } } }');
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'unused-axis',
      message: 'axis lr of stage a changes nothing',
      expected: 'a parameter of command, or a use as ${matrix.lr}',
      fix: 'remove it, or use ${matrix.lr} in with',
    });
    expect(failure && underlined(failure)).toBe('lr');
  });

  it('that with overrules is refused', () => {
    const [failure, ...others] = failuresOf('stages: { a: { uses: command, seeds: 2, with: { seed: 3 } } }');
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'unused-axis',
      message: 'axis seed of stage a changes nothing: with gives seed another value',
      fix: 'remove seed from with',
    });
  });

  it('may be read by limits alone', () => {
    expect(
      problemsOf('stages: { a: { uses: command, matrix: { g: [0, 1] }, resources: { gpu: "${matrix.g}" } } }'),
    ).toEqual([]);
  });
});

describe('an axis of cells', () => {
  const text = (matrix: string): string =>
    [
      'stages:',
      '  d: { uses: dataset, with: { source: mnist } }',
      '  t: { uses: train-teacher, matrix: { model: [resnet50, resnet18] }, with: { data: "${stages.d}", seed: 4 } }',
      '  u: { uses: train-teacher, with: { data: "${stages.d}", model: mobilenetv2 } }',
      `  s: { uses: evaluate, matrix: ${matrix}, with: { data: "\${stages.d}" } }`,
    ].join('\n');
  const cells = (matrix: string): string[] => idsOf(planOf(text(matrix)), 's').map((id) => id.slice(2, -1));
  const [r50, r18] = ['of=t[model=resnet50]', 'of=t[model=resnet18]'];

  it.each<[string, readonly string[]]>([
    ['{ of: "${stages.t}" }', [r50, r18]],
    ['{ of: ["${stages.t}"] }', [r50, r18]],
    ['{ of: ["${stages.u}", "${stages.t}"] }', ['of=u', r50, r18]],
    ['{ of: ["${stages.t[model=resnet18]}"] }', [r18]],
    ['{ of: ["${stages.t[*]}"] }', [r50, r18]],
    ['{ of: ["${stages.t.log}"] }', ['of=t[model=resnet50].log', 'of=t[model=resnet18].log']],
    ['{ of: ["${stages.t}"], exclude: [{ of.model: resnet50 }] }', [r18]],
    ['{ of: ["${stages.t}"], exclude: [{ of: "${stages.t[model=resnet50]}" }] }', [r18]],
    ['{ of: ["${stages.t}"], include: [{ of.model: resnet50, splits: [val] }] }', [`${r50},splits=["val"]`, r18]],
    ['{ of: ["${stages.t}"], include: [{ of: "${stages.u}" }] }', [r50, r18, 'of=u']],
    ['{ include: [{ of: "${stages.t}", splits: [val] }] }', [`${r50},splits=["val"]`, `${r18},splits=["val"]`]],
    ['{ zip: { of: ["${stages.t}"], splits: [[val], [test]] } }', [`${r50},splits=["val"]`, `${r18},splits=["test"]`]],
  ])('may be written %s', (matrix, wanted) => {
    expect(cells(matrix)).toEqual(wanted);
  });

  it.each<[string, string]>([
    ['{ of: ["${stages.x}"] }', 'unknown-stage: there is no stage "x"'],
    ['{ of: ["${stages.t[model=x]}"] }', 'no-cell: no cell of t matches ${stages.t[model=x]}: none has model=x'],
    ['{ of: ["${stages.t.wts}"] }', 'unknown-output: t[model=resnet50] has no output "wts"'],
    ['{ of: ["${stages.t}"], exclude: [{ off.model: x }] }', 'unknown-axis: the matrix has no axis "off.model"'],
    [
      '{ of: ["${stages.t}"], include: [{ of.model: x, splits: [val] }] }',
      'include-without-cell: this entry of include matches no combination: none has of.model=x',
    ],
    [
      '{ of: ["${stages.t}", "${stages.t}"] }',
      'duplicate-cell: another entry makes the same combination (also at line 5) (in 2 cells, the first is s[of=t[model=resnet50]])',
    ],
    ['{ of: ["${stages.d}"] }', 'wrong-kind: parameter of: d is of kind dataset (in s[of=d])'],
  ])('is refused: %s', (matrix, problem) => {
    expect(failuresOf(text(matrix)).map(({ code, message }) => `${code}: ${message}`)).toEqual([problem]);
  });
});

describe('seeds', () => {
  it('count from 0, and are short for an axis', () => {
    const axis = planOf('stages: { a: { uses: command, matrix: { seed: [0, 1, 2] } } }');
    expect(planOf('stages: { a: { uses: command, seeds: 3 } }')).toEqual(axis);
    expect(planOf('stages: { a: { uses: command, matrix: { seeds: 3 } } }')).toEqual(axis);
    expect(planOf('params: { n: 3 }\nstages: { a: { uses: command, seeds: "${params.n}" } }').cells).toEqual(
      axis.cells,
    );
  });

  it.each(['0', '-1', '1.5', 'x', '[1, 2]', '1000001'])('are refused: %s', (seeds) => {
    const [failure, ...others] = failuresOf(`stages: { a: { uses: command, seeds: ${seeds} } }`);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'bad-axis',
      message: `seeds is ${seeds === 'x' ? '"x"' : seeds.startsWith('[') ? 'a list' : seeds}`,
      expected: 'a whole number of at least 1; for chosen seeds, an axis seed: [3, 7]',
    });
  });
});

describe('cells that are equal', () => {
  it.each([
    ['{ x: [1, 1] }', 'a[x=1]'],
    ['{ x: [1, 1.0] }', 'a[x=1]'],
    ['{ x: [{ a: 1, b: 2 }, { b: 2, a: 1 }] }', 'a[x={"a":1,"b":2}]'],
    ['{ include: [{ x: 1 }, { x: 1 }] }', 'a[x=1]'],
    ['{ zip: { x: [1, 1] } }', 'a[x=1]'],
  ])('are refused with both places: %s', (matrix, id) => {
    const [failure, ...others] = failuresOf(withMatrix(matrix));
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'duplicate-cell',
      message: `another entry makes the same combination (also at line 5) (in ${id})`,
      expected: 'every combination once',
      fix: 'remove one of the two',
      place: { line: 5 },
    });
  });

  it('are not those whose values only look the same', () => {
    expect(ids('{ x: [1, "1", true, "true", null, "null"] }')).toHaveLength(6);
  });
});

const value = fc.integer({ min: 0, max: 3 });
const list = fc.uniqueArray(value, { minLength: 1, maxLength: 3 });
const matrices = fc.record({ x: list, y: list, z: list });
const entries = fc.array(
  fc.record({ x: value, y: value, z: value }, { requiredKeys: [] }).filter((one) => Object.keys(one).length > 0),
  { maxLength: 3 },
);

type Cell = Readonly<Record<'x' | 'y' | 'z', number>>;

/** The product in the order in which it is read: the last axis runs fastest. */
const productOf = ({ x, y, z }: Readonly<Record<'x' | 'y' | 'z', readonly number[]>>): Cell[] =>
  x.flatMap((a) => y.flatMap((b) => z.map((c) => ({ x: a, y: b, z: c }))));

const agrees = (cell: Cell, entry: Partial<Cell>): boolean =>
  Object.entries(entry).every(([key, one]) => cell[key as keyof Cell] === one);

const pipeline = (matrix: object): string =>
  yamlOf({ stages: { a: { uses: 'command', matrix, with: { run: ['${matrix.x}', '${matrix.y}', '${matrix.z}'] } } } });

const cellsOf = (matrix: object): unknown => planOf(pipeline(matrix)).cells.map(({ params }) => params['run']);

describe('a matrix in a file, for any axes,', () => {
  it('is their product, and every cell sees its own values', () => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        expect(cellsOf(matrix)).toEqual(productOf(matrix).map(({ x, y, z }) => [x, y, z]));
      }),
    );
  });

  it('loses exactly what exclude matches', () => {
    fc.assert(
      fc.property(matrices, entries, (matrix, exclude) => {
        const kept = productOf(matrix).filter((cell) => !exclude.some((entry) => agrees(cell, entry)));
        const codes = failuresOf(pipeline({ ...matrix, exclude })).map(({ code }) => code);
        if (kept.length === 0) {
          expect(codes).toContain('empty-matrix');
          return;
        }
        const idle = exclude.filter((entry) => !productOf(matrix).some((cell) => agrees(cell, entry)));
        expect(codes).toEqual(idle.map(() => 'unmatched-exclude'));
        const acting = exclude.filter((entry) => !idle.includes(entry));
        expect(cellsOf({ ...matrix, exclude: acting })).toEqual(kept.map(({ x, y, z }) => [x, y, z]));
      }),
    );
  });

  it('gives what include adds to exactly the cells that it does not contradict', () => {
    fc.assert(
      fc.property(matrices, entries, (matrix, found) => {
        const product = productOf(matrix);
        const include = found.filter((entry) => product.some((cell) => agrees(cell, entry)));
        // The last entry that fits a cell wins; a cell that none fits has no seed of its own.
        const seeds = product.map((cell) => include.findLastIndex((entry) => agrees(cell, entry)));
        const text = pipeline({ ...matrix, include: include.map((entry, seed) => ({ ...entry, seed: seed + 1 })) });
        expect(planOf(text).cells.map(({ params }) => params['seed'])).toEqual(seeds.map((seed) => seed + 1));
      }),
    );
  });

  it('walks a zip in step', () => {
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 1 }), list, (zipped, z) => {
        const zip = { x: zipped, y: zipped.map((one) => one * 10) };
        expect(cellsOf({ zip, z })).toEqual(zipped.flatMap((x) => z.map((one) => [x, x * 10, one])));
      }),
    );
  });
});
