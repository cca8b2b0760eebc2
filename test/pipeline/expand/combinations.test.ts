import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failuresOf, idsOf, plannedOf, planOf, problemsOf, underlined, type Options } from '../support/planning.ts';

/** A stage that reads a param, with further keys of its own. */
const one = (matrix: string, shell = 'v ${params.x}'): string =>
  `params: { x: 0, y: 0 }\nstages: { one: { uses: command${matrix}, with: { shell: "${shell}" } } }`;
const ids = (text: string, ...overrides: readonly string[]) => idsOf(planOf(text, { overrides }));
const problems = (text: string, ...overrides: readonly string[]) => problemsOf(text, { overrides } satisfies Options);

describe('a swept param', () => {
  it('is an axis of every stage that uses it, and of no other', () => {
    const text =
      'params: { x: 0 }\nstages:\n  reads: { uses: command, with: { shell: "v ${params.x}" } }\n  other: { uses: command }';
    expect(ids(text, 'x=a,b').sort()).toEqual(['other', 'reads[x=a]', 'reads[x=b]']);
  });

  it('is an outer axis: its values are crossed with those of the matrix', () => {
    const text = one(', matrix: { seed: [0, 1] }');
    expect(ids(text, 'x=a,b').sort()).toEqual([
      'one[seed=0,x=a]',
      'one[seed=0,x=b]',
      'one[seed=1,x=a]',
      'one[seed=1,x=b]',
    ]);
  });

  it('may be used by the matrix itself: each value makes a matrix of its own', () => {
    const text =
      'params: { n: 1 }\nstages: { one: { uses: command, matrix: { seed: { from: 1, to: "${params.n}", step: 1 } } } }';
    expect(ids(text, 'n=1,2').sort()).toEqual(['one[n=1,seed=1]', 'one[n=2,seed=1]', 'one[n=2,seed=2]']);
  });

  it('is joined by others: all pairs', () => {
    const text = one('', '${params.x} ${params.y}');
    expect(ids(text, 'x=1,2', 'y=3,4')).toHaveLength(4);
    expect(ids(text, 'x=1,2', 'y=3')).toHaveLength(2);
  });

  it('gives way to an axis of the same name', () => {
    const text =
      'params: { seed: 9 }\nstages: { one: { uses: command, matrix: { seed: [5] }, with: { shell: "v ${params.seed}" } } }';
    const { cells } = planOf(text, { overrides: ['params.seed=1,2'] });
    expect(cells.map(({ id, params }) => [id, params['shell']])).toEqual([['one[seed=5]', 'v 5']]);
  });

  it('has as many cells as the product of its values and the matrix', () => {
    const sizes = fc.tuple(
      fc.integer({ min: 2, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 2, max: 4 }),
    );
    fc.assert(
      fc.property(sizes, ([x, seeds, y]) => {
        const list = (count: number) => Array.from({ length: count }, (_, at) => `v${at}`).join();
        const text = one(`, matrix: { seeds: ${seeds} }`, '${params.x} ${params.y}');
        const cells = ids(text, `x=${list(x)}`, `y=${list(y)}`);
        expect(new Set(cells).size).toBe(x * seeds * y);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a matrix that stands for no cell', () => {
  it.each<[string, string, string]>([
    ['an empty one', ', matrix: {}', 'at least one axis, or an include'],
    [
      'one of which exclude leaves nothing',
      ', matrix: { seed: [1, 2], exclude: [{ seed: 1 }, { seed: 2 }] }',
      'an exclude that leaves something',
    ],
  ])('is a problem: %s', (_, matrix, expected) => {
    const [failure, ...others] = failuresOf(one(matrix));
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'empty-matrix',
      message: 'the matrix of stage one stands for no cell',
      expected,
    });
    expect(underlined(failure ?? { code: '', message: '' })).toBe('matrix');
  });

  it('is none where include adds cells of its own', () => {
    expect(ids(one(', matrix: { include: [{ seed: 3 }, { seed: 4 }] }'))).toEqual(['one[seed=3]', 'one[seed=4]']);
  });
});

describe('a matrix that is too large', () => {
  const axis = (name: string, count: number) => `${name}: { from: 1, to: ${count}, step: 1 }`;

  it('is refused before it fills the memory, with its size', () => {
    const [failure] = failuresOf(one(`, matrix: { ${axis('seed', 1000)}, ${axis('a', 1000)}, ${axis('b', 1000)} }`));
    expect(failure).toMatchObject({
      code: 'matrix-too-large',
      message: 'the matrix of stage one stands for 1000000000 cells',
      expected: 'at most 100000',
    });
  });

  it('is refused too when it is the overrides that make it so', () => {
    const values = Array.from({ length: 400 }, (_, at) => at).join();
    expect(problems(one(`, matrix: { ${axis('seed', 100)} }`), `x=${values}`)).toEqual([]);
    const [problem] = problems(one(`, matrix: { ${axis('seed', 300)} }`), `x=${values}`);
    expect(problem).toMatch(/matrix-too-large: .* 120000 cells/);
  });
});

describe('an entry of include', () => {
  it('that reaches through a cell and fits none is a problem at its place', () => {
    const text =
      'stages:\n  birds: { uses: dataset, with: { source: cub } }\n' +
      '  teacher: { uses: train-teacher, matrix: { model: [resnet18] }, with: { data: "${stages.birds}" } }\n' +
      '  student:\n    uses: distill-student\n    matrix: { teacher: ["${stages.teacher}"], include: [{ teacher.model: resnet50, lr: 0.1 }] }\n' +
      '    with: { data: "${stages.birds}", model: mobilenetv2 }';
    const [failure, ...others] = failuresOf(text);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'include-without-cell',
      expected: 'keys that match a combination: an entry that reaches through a cell cannot become one',
      fix: 'did you mean resnet18?',
      place: { line: 6 },
    });
  });
});

describe('an entry of exclude', () => {
  it.each<[string, string, string]>([
    ['a slip of the pen', 'seeed: 1', 'did you mean seed?'],
    ['an axis that only include gives', 'extra: 1', ''],
  ])('must name an axis of the matrix: %s', (_, entry, fix) => {
    const [failure] = failuresOf(one(`, matrix: { seed: [1, 2], exclude: [{ ${entry} }], include: [{ extra: 1 }] }`));
    expect(failure).toMatchObject({ code: 'unknown-axis' });
    expect(failure?.fix ?? '').toContain(fix);
    expect(underlined(failure ?? { code: '', message: '' })).toBe(entry.split(':')[0]);
  });

  it('may name seed where the matrix says seeds', () => {
    expect(ids(one(', matrix: { seeds: 3, exclude: [{ seed: 1 }] }'))).toEqual(['one[seed=0]', 'one[seed=2]']);
  });
});

describe('a problem of a stage', () => {
  it('that is the same in all of its cells is told once, whatever their number', () => {
    const text = 'stages: { one: { uses: command, matrix: { seeds: 500 }, with: { shell: 3 } } }';
    expect(problems(text)).toEqual(['1:72 wrong-type: parameter shell: got 3']);
  });

  it('is told at the param that the value comes from', () => {
    const [failure, ...others] = failuresOf(
      'params: { x: 3 }\nstages: { one: { uses: command, with: { shell: "${params.x}" } } }',
    );
    expect(others).toEqual([]);
    expect(failure?.place).toMatchObject({ line: 1 });
    expect(underlined(failure ?? { code: '', message: '' })).toBe('3');
  });

  it.each<[string, string, RegExp]>([
    ['an unknown kind', 'uses: comand', /unknown-kind: stage one uses "comand", which is not a kind of stage/],
    ['an unknown parameter', 'uses: command, with: { shel: x }', /unknown-param: command has no parameter "shel"/],
    ['an unknown axis', 'uses: command, with: { shell: "${matrix.lr}" }', /unknown-axis: stage one has no axis "lr"/],
    ['an unknown param', 'uses: command, with: { shell: "${params.lr}" }', /unknown-\w+: .*lr/],
    ['an unknown stage', 'uses: command, with: { shell: "${stages.tow}" }', /unknown-stage: there is no stage "tow"/],
    [
      'an inner key that is none',
      'uses: dataset, with: { source: x, split: { vall: 1 } }',
      /unknown-key: parameter split: unknown key "vall"/,
    ],
    [
      'an inner value out of its range',
      'uses: dataset, with: { source: x, split: { val: 2 } }',
      /out-of-range: parameter split\.val: got 2/,
    ],
  ])('is told in full: %s', (_, stage, says) => {
    const found = problems(`stages: { one: { ${stage} } }`);
    expect(found).toEqual([expect.stringMatching(says)]);
  });

  it('does not hide those of its neighbours', () => {
    const text =
      'stages:\n  one: { uses: comand, with: { shell: "${params.no}" } }\n  two: { uses: command, with: { shel: x, seed: a } }';
    expect(problems(text).map((line) => line.split(' ')[1])).toEqual([
      'unknown-kind:',
      'unknown-param:',
      'unknown-param:',
      'wrong-type:',
    ]);
  });
});

describe('an entry that matches no combination', () => {
  const matrix = (rest: string): string =>
    [
      'stages:',
      '  d: { uses: dataset, with: { source: digits } }',
      '  t1: { uses: train-teacher, with: { data: "${stages.d}", model: resnet18 } }',
      '  t2: { uses: train-teacher, seeds: 2, with: { data: "${stages.d}", model: resnet50 } }',
      '  s:',
      '    uses: distill-student',
      '    matrix:',
      '      teacher: ["${stages.t1}", "${stages.t2}"]',
      '      kd_method: [SoftTarget, AT]',
      '      kd_ratio: [0.5, 0.9]',
      ...rest.split('\n').map((line) => `      ${line}`),
      '    with: { data: "${stages.d}", model: mobilenetv2 }',
    ].join('\n');
  const found = (rest: string, ...overrides: string[]) =>
    failuresOf(matrix(rest), { overrides }).map(({ code, message, fix, place }) => [
      code,
      message.replace(/^this entry of (?:in|ex)clude matches no combination: /, ''),
      fix,
      place?.line,
    ]);

  it.each<[string, string, string | undefined]>([
    ['{ teacher: t1, kd_method: AT }', 'none has teacher="t1"', 'did you mean "${stages.t1}"?'],
    ['{ teacher: "t2[seed=1]" }', 'none has teacher="t2[seed=1]"', 'did you mean "${stages.t2[seed=1]}"?'],
    ['{ kd_method: Softtarget }', 'none has kd_method=Softtarget', 'did you mean SoftTarget?'],
    ['{ kd_method: [AT] }', 'none has kd_method=["AT"]', 'write an entry for each value: { kd_method: AT }'],
    ['{ kd_method: AT, kd_ratio: 0.7 }', 'none has kd_ratio=0.7', 'did you mean 0.5 or 0.9?'],
    ['{ kd_ratio: "0.5" }', 'none has kd_ratio="0.5"', 'did you mean 0.5?'],
    ['{ teacher.model: resnet5 }', 'none has teacher.model=resnet5', 'did you mean resnet50 or resnet18?'],
    ['{ kd_method: MGD }', 'none has kd_method=MGD', 'known: SoftTarget or AT'],
    [
      '{ teacher: "${stages.t1}", teacher.model: resnet50 }',
      'each of its values is there, but none has them together',
      undefined,
    ],
  ])('is refused in exclude, with what was likely meant: %s', (entry, reason, fix) => {
    expect(found(`exclude:\n  - { kd_method: AT, kd_ratio: 0.5 }\n  - ${entry}`)).toEqual([
      ['unmatched-exclude', reason, fix, 13],
    ]);
  });

  it('counts as one that matches where one of the cells that it stands for does', () => {
    expect(found('exclude: [{ teacher: "${stages.t2}", kd_method: AT }]')).toEqual([]);
    expect(found('exclude: [{ kd_method: AT }, { kd_method: AT, kd_ratio: 0.5 }]')).toEqual([]);
  });

  it('is a note where an override took the value away, beside an error of the file', () => {
    const text = 'exclude:\n  - { kd_method: AT, kd_ratio: 0.5 }';
    expect(found(text, 'kd_method=SoftTarget')).toEqual([]);
    expect(plannedOf(matrix(text), { overrides: ['kd_method=SoftTarget'] }).notes).toMatchObject([
      {
        code: 'unmatched-exclude',
        message: 'this entry of exclude matches no combination: none has kd_method=AT, with -S kd_method=SoftTarget',
      },
    ]);
    expect(found(`${text}\n  - { kd_method: at }`, 'kd_method=SoftTarget').map(([code]) => code)).toEqual([
      'unmatched-exclude',
    ]);
  });

  it('is asked of all values of a swept param together', () => {
    const text = one(', matrix: { size: ["${params.x}", 5], exclude: [{ size: 2 }] }', 'v ${matrix.size}');
    expect(ids(text, 'x=1,2').sort()).toEqual(['one[size=1,x=1]', 'one[size=5,x=1]', 'one[size=5,x=2]']);
    expect(problems(text)).toHaveLength(1);
  });

  it('is refused in include where it is a combination of its own for its spelling alone', () => {
    expect(found('include:\n  - { kd_method: softtarget, lr: 0.1 }')).toContainEqual([
      'unmatched-include',
      'none has kd_method="softtarget"',
      'did you mean SoftTarget?',
      12,
    ]);
    expect(found('include:\n  - { teacher: t1, kd_method: MGD, kd_ratio: 3 }')).toContainEqual([
      'unmatched-include',
      'none has teacher="t1"',
      'did you mean "${stages.t1}"?',
      12,
    ]);
    expect(found('include:\n  - { teacher: "${stages.t1}", kd_method: MGD, kd_ratio: 3 }')).toEqual([]);
  });
});
