import { describe, expect, it } from 'vitest';
import type { TablePlan } from '../../../src/core/plan.ts';
import { catalogue } from '../support/kinds.ts';
import { failuresOf, plannedOf, planOf, problemsOf, underlined, type Options } from '../support/planning.ts';

const stages = [
  'stages:',
  '  data: { uses: dataset, with: { source: mnist } }',
  '  teacher:',
  '    uses: train-teacher',
  '    seeds: 2',
  '    with: { data: "${stages.data}", model: resnet50 }',
  '  student:',
  '    uses: distill-student',
  '    matrix: { teacher: ["${stages.teacher}"], kd_method: [MGD, AT] }',
  '    with: { data: "${stages.data}", model: mobilenetv2 }',
  '  score:',
  '    uses: evaluate',
  '    matrix: { of: ["${stages.teacher}", "${stages.student}"] }',
  '    with: { data: "${stages.data}" }',
].join('\n');

/** The stages with one table, whose body is given; the body stands in line 16. */
const withTable = (body: string, head = ''): string => `${stages}\ntables:\n  t: { ${body} }${head && `\n${head}`}`;

/** What a table needs at least. */
const least = 'from: score, rows: [kd_method], columns: [test.accuracy]';

const tableOf = (body: string, { head = '', ...options }: Options & { head?: string } = {}): TablePlan => {
  const [table] = planOf(withTable(body, head), options).tables;
  if (!table) throw new Error('the plan has no table');
  return table;
};

describe('a table', () => {
  it('is in the plan with the cells that it reads', () => {
    expect(tableOf(least)).toEqual({
      name: 't',
      cells: planOf(stages).cells.flatMap(({ id, stage }) => (stage === 'score' ? [id] : [])),
      rows: ['kd_method'],
      columns: ['test.accuracy'],
      template: 'markdown',
    });
  });

  it('keeps all that it says', () => {
    const rest = 'title: Birds, published: p.yaml, template: latex, into: README.md';
    const compare = 'compare: { baseline: { kd_method: MGD }, on: test.accuracy }';
    expect(tableOf(`${least}, ${rest}, ${compare}`)).toMatchObject({
      title: 'Birds',
      published: 'p.yaml',
      template: 'latex',
      into: 'README.md',
      compare: { baseline: { kd_method: 'MGD' }, on: 'test.accuracy' },
    });
  });

  it.each([
    ['results.csv', 'csv'],
    ['results.json', 'json'],
    ['paper/table.TEX', 'latex'],
    ['page.html', 'html'],
    ['README.md', 'markdown'],
    ['README', 'markdown'],
  ])('goes into %s as %s unless told otherwise', (into, template) => {
    expect(tableOf(`${least}, into: ${into}`).template).toBe(template);
    expect(tableOf(`${least}, into: ${into}, template: own.hbs`).template).toBe('own.hbs');
  });

  it('cannot be in a file without comments in another language than its own', () => {
    const [failure] = failuresOf(withTable(`${least}, into: a.csv, template: latex`));
    expect(failure).toMatchObject({
      code: 'wrong-ending',
      place: { line: 16 },
      expected: expect.stringContaining('template: csv'),
    });
    expect(problemsOf(withTable(`${least}, into: a.tex, template: csv`))).toEqual([]);
  });

  it.each<[string, number]>([
    ['score', 6],
    ['"score[*]"', 6],
    ['[score]', 6],
    ['[teacher, student]', 6],
    ['[student, teacher, student]', 6],
    ['"student[kd_method=MGD]"', 2],
    ['"student[seed=0]"', 2],
    ['"student[seed=0,kd_method=AT]"', 1],
    ['"teacher[seed=*]"', 2],
    ['"score[kd_method=AT]"', 2],
  ])('reads the cells that from names: %s', (from, count) => {
    const rows = from.startsWith('"teacher') ? 'model' : 'kd_method';
    const { cells } = tableOf(`from: ${from}, rows: [${rows}], columns: [x]`);
    expect(cells).toHaveLength(count);
    expect(new Set(cells).size).toBe(count);
  });

  it('reads cells in the order of the plan, whatever the order in from', () => {
    const rest = 'rows: [kd_method], columns: [x]';
    expect(tableOf(`from: [student, teacher], ${rest}`)).toEqual(tableOf(`from: [teacher, student], ${rest}`));
  });

  it.each(['kd_method', 'seed', 'of', 'model', 'source', 'teacher', 'of.model', 'data.split.val'])(
    'may have rows of %s: an axis or parameter of its cells, or of those that they need',
    (row) => {
      expect(tableOf(`from: score, rows: [${row}], columns: [x], over: of`).rows).toEqual([row]);
    },
  );

  it.each(['markdown', 'kd-results', 'latex', 'csv', 'html', 'my/own.hbs'])('may have the template %s', (template) => {
    expect(tableOf(`${least}, template: ${template}`).template).toBe(template);
  });

  it.each<[string, string]>([
    ['rows: [a], columns: [b]', '16:3 missing-key: table t has no from'],
    ['from: score, columns: [b]', '16:3 missing-key: table t has no rows'],
    ['from: score, rows: [seed]', '16:3 missing-key: table t has no columns'],
    ['from: 3, rows: [seed], columns: [b]', '16:14 wrong-type: from is 3'],
    ['from: score, rows: seed, columns: [b]', '16:27 wrong-type: rows is "seed"'],
    ['from: score, rows: [seed], columns: b', '16:44 wrong-type: columns is "b"'],
    ['from: score, rows: [[seed]], columns: [b]', '16:28 wrong-type: an item of rows is a list'],
    ['from: score, rows: [""], columns: [b]', '16:28 empty-text: an item of rows is empty'],
    ['from: [], rows: [seed], columns: [b]', '16:8 empty-table: from of table t is empty'],
    ['from: score, rows: [], columns: [b]', '16:21 empty-table: rows of table t is empty'],
    ['from: score, rows: [seed], columns: []', '16:35 empty-table: columns of table t is empty'],
    ['from: scor, rows: [seed], columns: [b]', '16:14 unknown-stage: there is no stage "scor"'],
    ['from: "score[", rows: [seed], columns: [b]', '16:14 bad-selector: "score[" names no cells'],
    ['from: "score x", rows: [seed], columns: [b]', '16:14 bad-selector: "score x" names no cells'],
    [
      'from: "student[seed=9]", rows: [seed], columns: [b]',
      '16:14 empty-table: student[seed=9] names no cell: none has seed=9',
    ],
    ['from: score, rows: [sed], columns: [b]', '16:28 unknown-row: no cell of table t has "sed"'],
    ['from: data, rows: [kd_method], columns: [b]', '16:27 unknown-row: no cell of table t has "kd_method"'],
    ['from: score, rows: [seed, seed], columns: [b]', '16:34 named-twice: rows names "seed" twice (also at line 16)'],
    ['from: score, rows: [seed], columns: [b, b]', '16:48 named-twice: columns names "b" twice (also at line 16)'],
    [`${least}, template: latx`, '16:76 unknown-template: there is no template "latx"'],
    [`${least}, tilte: x`, '16:66 unknown-key: table t has no key "tilte"'],
    [`${least}, title: [x]`, '16:66 wrong-type: title is a list'],
    [`${least}, into: 3`, '16:72 wrong-type: into is 3'],
    [`${least}, compare: x`, '16:75 wrong-type: compare of table t is "x"'],
    [`${least}, compare: { on: test.accuracy }`, '16:66 missing-key: compare of table t has no baseline'],
    [`${least}, compare: { baseline: { kd_method: AT } }`, '16:66 missing-key: compare of table t has no on'],
    [
      `${least}, compare: { baseline: {}, on: test.accuracy }`,
      '16:77 empty-baseline: the baseline of table t names no row',
    ],
    [
      `${least}, compare: { baseline: { sed: 1 }, on: test.accuracy }`,
      '16:89 unknown-row: "sed" is not one of the rows',
    ],
    [
      `${least}, compare: { baseline: { kd_method: AT }, on: x }`,
      '16:110 unknown-column: "x" is not one of the columns',
    ],
  ])('is refused: %s', (body, problem) => {
    expect(problemsOf(withTable(body))).toEqual([problem]);
  });

  it.each([
    ['from: scor, rows: [seed], columns: [b]', 'did you mean score?'],
    ['from: score, rows: [kd_metod], columns: [b]', 'did you mean kd_method?'],
    [`${least}, template: latx`, 'did you mean latex?'],
    [`${least}, tilte: x`, 'did you mean title?'],
    [`${least}, compare: { baseline: { kd_metod: 1 }, on: test.accuracy }`, 'did you mean kd_method?'],
    [`${least}, compare: { baseline: { kd_method: AT }, on: test.acuracy }`, 'did you mean test.accuracy?'],
  ])('advises the nearest name: %s', (body, fix) => {
    expect(failuresOf(withTable(body))[0]?.fix).toBe(fix);
  });

  it('is not judged by its rows while a stage that it reads has problems', () => {
    const text = withTable(least).replace('model: mobilenetv2', 'model: mobilenet');
    expect(failuresOf(text).map(({ code }) => code)).toEqual(['unknown-model']);
  });
});

describe('${…} in a table', () => {
  const head =
    'name: birds\nparams: { epochs: 150, method: MGD, seed: 1, list: [1], rows: kd_method, none: null, empty: "" }';
  const table = (body: string, options: Options = {}): TablePlan => tableOf(body, { head, ...options });

  it.each<[string, keyof TablePlan, unknown]>([
    [`${least}, title: "after \${params.epochs} epochs"`, 'title', 'after 150 epochs'],
    [`${least}, title: "\${params.epochs}"`, 'title', '150'],
    [`${least}, title: "\${run.name}"`, 'title', 'birds'],
    [`${least}, title: "a \${params.none}b"`, 'title', 'a b'],
    [`${least}, title: "costs $\${params.epochs}"`, 'title', 'costs ${params.epochs}'],
    [`${least}, published: "\${run.name}/p.yaml"`, 'published', 'birds/p.yaml'],
    [`${least}, into: "\${env.DOCS:-docs}/t.md"`, 'into', 'docs/t.md'],
    [`${least}, template: "\${env.FORMAT:-csv}"`, 'template', 'csv'],
    ['from: score, rows: ["${params.rows}"], columns: [x]', 'rows', ['kd_method']],
    ['from: score, over: of, rows: [seed], columns: ["${params.method}.mpa"]', 'columns', ['MGD.mpa']],
    [
      'from: "student[seed=${params.seed},kd_method=${params.method}]", rows: [seed], columns: [x]',
      'cells',
      ['student[teacher=teacher[seed=1],kd_method=MGD]'],
    ],
    [
      `${least}, compare: { baseline: { kd_method: "\${params.method}" }, on: test.accuracy }`,
      'compare',
      { baseline: { kd_method: 'MGD' }, on: 'test.accuracy' },
    ],
    [
      'from: score, over: of, rows: [seed], columns: [x], compare: { baseline: { seed: "${params.seed}" }, on: x }',
      'compare',
      { baseline: { seed: 1 }, on: 'x' },
    ],
  ])('is worked out: %s', (body, key, value) => {
    expect(table(body)[key]).toEqual(value);
  });

  it('follows overrides and the environment', () => {
    const body = `${least}, title: "\${params.epochs} in \${env.PLACE}"`;
    expect(table(body, { overrides: ['epochs=2'], env: { PLACE: 'Basel' } }).title).toBe('2 in Basel');
  });

  it.each<[string, string]>([
    ['title: "${params.epoch}"', 'unknown-param: there is no param "epoch"'],
    ['title: "${params.epochs"', 'unclosed-expression: ${ is never closed'],
    ['title: "${env.NOPE}"', 'missing-env: the environment variable NOPE is not set'],
    ['title: "${matrix.seed}"', 'not-here: ${matrix.seed} cannot stand here: a table is made of many cells'],
    [
      'into: "${stages.score}"',
      'not-here: ${stages.score} cannot stand here: a table names its stages in from, without ${…}',
    ],
    ['title: "${params.list}"', 'wrong-type: title is a list'],
    ['title: "${params.none}"', 'wrong-type: title is nothing'],
    ['title: "${params.empty}"', 'wrong-type: title is empty'],
    ['template: "${params.method}"', 'unknown-template: there is no template "MGD"'],
  ])('is refused: %s', (body, problem) => {
    const [failure, ...others] = failuresOf(withTable(`${least}, ${body}`, head));
    expect(others).toEqual([]);
    expect(`${failure?.code ?? ''}: ${failure?.message ?? ''}`).toBe(problem);
    expect(failure && body).toContain(failure && underlined(failure));
  });

  it('underlines the one expression that is wrong', () => {
    const [failure] = failuresOf(withTable(`${least}, title: "a \${params.epochs} \${params.epoch}"`, head));
    expect(failure && underlined(failure)).toBe('${params.epoch}');
    expect(failure?.fix).toBe('did you mean epochs?');
  });

  it('cannot be a param that is swept: then the table is left out, with a note', () => {
    const text = withTable(`${least}, title: "\${params.epochs}"`, head).replace(
      'model: resnet50',
      'model: resnet50, epochs: "${params.epochs}"',
    );
    const { plan, notes, faults } = plannedOf(text, { overrides: ['epochs=1,2'] });
    expect({ tables: plan.tables, faults }).toEqual({ tables: [], faults: [] });
    expect(notes).toMatchObject([
      {
        code: 'not-here',
        message:
          '${params.epochs} cannot stand here: a table is made of many cells, and params.epochs is swept, with -S epochs=1,2',
      },
    ]);
  });
});

describe('the baseline of a table', () => {
  const comparing = (baseline: string, rest = ''): string =>
    withTable(
      `from: score, rows: [model, teacher, kd_method], columns: [x], compare: { baseline: ${baseline}, on: x${rest} }`,
    );

  it.each<[string, string, string, string | undefined]>([
    ['{ kd_method: mgd }', 'none has kd_method=mgd', 'mgd', 'did you mean MGD?'],
    ['{ kd_method: SoftTarget }', 'none has kd_method=SoftTarget', 'SoftTarget', 'known: none, MGD or AT'],
    ['{ kd_method: none, model: resnet5 }', 'none has model=resnet5', 'resnet5', 'did you mean resnet50?'],
    ['{ teacher: resnet51 }', 'none has teacher=resnet51', 'resnet51', 'did you mean resnet50?'],
    ['{ kd_method: 3 }', 'none has kd_method=3', '3', 'known: none, MGD or AT'],
  ])('is refused where no row has a value: %s', (baseline, reason, at, fix) => {
    const text = comparing(baseline);
    const [failure, ...others] = failuresOf(text);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'unclear-baseline',
      message: `no row of table t is its baseline: ${reason}`,
      place: { line: 16 },
      fix,
    });
    // The line is too long for an excerpt that begins at its start.
    const { column = 1, width = 1 } = failure?.place ?? {};
    expect(text.split('\n')[15]?.slice(column - 1, column - 1 + width)).toBe(at);
  });

  it('is refused where its values never meet', () => {
    expect(failuresOf(comparing('{ model: resnet50, kd_method: AT }'))).toMatchObject([
      { code: 'unclear-baseline', message: expect.stringContaining('no row has them together'), place: { line: 16 } },
    ]);
  });

  it.each([
    '{ kd_method: none }',
    '{ kd_method: null }',
    '{ teacher: none }',
    '{ model: mobilenetv2, kd_method: MGD }',
    '{ teacher: resnet50, kd_method: AT }',
  ])('may be any row: %s', (baseline) => {
    expect(problemsOf(comparing(baseline))).toEqual([]);
  });

  it('may use a synonym, as may selectors', () => {
    const text = comparing('{ kd_method: KD }').replaceAll('AT', 'SoftTarget');
    const methods = { SoftTarget: { synonyms: ['KD'] }, MGD: {} };
    const options = { catalogue: { ...catalogue, methods } };
    expect(planOf(text, options).tables[0]?.compare?.baseline).toEqual({ kd_method: 'SoftTarget' });
    const some = text.replace('from: score', 'from: "score[kd_method=KD]"');
    expect(planOf(some, options).tables[0]?.cells).toHaveLength(2);
    const next = '  next: { uses: command, with: { run: [echo, "${stages.student[kd_method=KD,seed=0]}"] } }\ntables:';
    const { cells } = planOf(text.replace('tables:', next), options);
    expect(cells.find(({ stage }) => stage === 'next')?.needs).toEqual([
      'student[teacher=teacher[seed=0],kd_method=SoftTarget]',
    ]);
  });

  it('takes the words of commands as they are: to them KD is no synonym', () => {
    const options = { catalogue: { ...catalogue, methods: { SoftTarget: { synonyms: ['KD'] } } } };
    const text = [
      'stages:',
      '  own: { uses: command, matrix: { kd_method: [KD, AT] }, with: { run: [echo, "${matrix.kd_method}"] } }',
      'tables:',
      '  t: { from: "own[kd_method=KD]", rows: [kd_method], columns: [x], compare: { baseline: { kd_method: KD }, on: x } }',
    ].join('\n');
    expect(planOf(text, options).tables[0]?.cells).toEqual(['own[kd_method=KD]']);
  });

  it('is no further problem where a stage has one', () => {
    const wrong = comparing('{ model: other }').replace('model: mobilenetv2', 'modle: mobilenetv2');
    expect(failuresOf(wrong).map(({ code }) => code)).not.toContain('unclear-baseline');
  });
});

describe('the correction of a table', () => {
  const correcting = (correction: string): string =>
    withTable(
      `from: score, rows: [kd_method], columns: [x], compare: { baseline: { kd_method: none }, on: x, correction: ${correction} }`,
    );

  it('is in the plan', () => {
    expect(planOf(correcting('holm')).tables[0]?.compare).toEqual({
      baseline: { kd_method: 'none' },
      on: 'x',
      correction: 'holm',
    });
  });

  it('is one that there is', () => {
    expect(failuresOf(correcting('Holm'))).toMatchObject([
      { code: 'unknown-correction', message: 'there is no correction "Holm"', fix: 'did you mean holm?' },
    ]);
  });
});
