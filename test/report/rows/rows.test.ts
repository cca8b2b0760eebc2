import { describe, expect, it } from 'vitest';
import type { Plan, TablePlan } from '../../../src/core/plan.ts';
import type { RowGroup } from '../../../src/cells/row-groups.ts';
import { unwrap } from '../../../src/core/result.ts';
import { cellIndex, rowGroups, rowMetrics, tableCells, unknownColumns } from '../../../src/report/rows/rows.ts';
import { accuracy, cell, outcomes, plan, study, studyOutcomes, to } from '../sample-plan.ts';

/** The only table of a plan. */
function tableOf(whole: Plan): TablePlan {
  const [table] = whole.tables;
  if (!table) throw new Error('the plan has no table');
  return table;
}

/** The rows of a plan's only table. */
const rowsOf = (whole: Plan): readonly RowGroup[] => unwrap(rowGroups(cellIndex(whole), tableOf(whole)));

/** Labels of rows, as texts. */
const texts = (rows: readonly RowGroup[]): readonly (readonly string[])[] =>
  rows.map(({ labels }) => labels.map(({ text }) => text));

/** Failures of a plan's only table. */
function failuresOf(whole: Plan): readonly { code: string; message: string; fix?: string }[] {
  const rows = rowGroups(cellIndex(whole), tableOf(whole));
  return rows.ok ? [] : rows.failures;
}

describe('rows', () => {
  it('are made by the names of rows; the seeds are aggregated', () => {
    const rows = rowsOf(study());
    expect(texts(rows)).toEqual([
      ['resnet50', 'none', 'none'],
      ['mobilenetv2', 'none', 'none'],
      ['mobilenetv2', 'resnet50', 'MGD'],
      ['mobilenetv2', 'resnet50', 'AT'],
    ]);
    expect(rows.map(({ cells }) => cells.length)).toEqual([1, 3, 3, 3]);
  });

  it('expect as many runs as they have cells, whatever has run', () => {
    const [, , distilled] = rowsOf(study());
    expect(distilled?.cells.map(({ id }) => id)).toEqual([
      'score[of=student[kd_method=MGD,seed=0]]',
      'score[of=student[kd_method=MGD,seed=1]]',
      'score[of=student[kd_method=MGD,seed=2]]',
    ]);
  });

  it('stand in the order in which the plan first shows them', () => {
    const cells = ['b', 'a', 'b', 'c', 'a'].map((method, seed) => cell(`s[${seed}]`, { method, seed }));
    expect(texts(rowsOf(plan(cells, { rows: ['method'] })))).toEqual([['b'], ['a'], ['c']]);
  });

  it('are one row when nothing makes a row', () => {
    const cells = [0, 1].map((seed) => cell(`s[${seed}]`, { seed }));
    const rows = rowsOf(plan(cells, { rows: [] }));
    expect(rows).toHaveLength(1);
    expect(rows[0]?.cells).toHaveLength(2);
  });

  it('keep a number apart from the same text, so that no mean is over both', () => {
    const cells = [cell('s[0]', { kd_ratio: 1 }), cell('s[1]', { kd_ratio: '1' })];
    expect(rowsOf(plan(cells, { rows: ['kd_ratio'] }))).toHaveLength(2);
  });

  it('keep values with the plain value beside the text', () => {
    const cells = [cell('s', { ema: true, blocks: [3, 4], teacher: to('t') }), cell('t')];
    const [row] = rowsOf(plan(cells, { rows: ['ema', 'blocks', 'teacher'], cells: ['s'] }));
    expect(row?.labels).toEqual([
      { name: 'ema', text: 'true', value: true },
      { name: 'blocks', text: '[3, 4]', value: [3, 4] },
      { name: 'teacher', text: 't', value: 't' },
    ]);
  });

  it('call a teacher by its id where two teachers share a model', () => {
    const teachers = [0, 1].map((lr) => cell(`teacher[lr=${lr}]`, { lr }, { model: 'resnet50' }));
    const students = [0, 1].map((lr) => cell(`student[${lr}]`, { teacher: to(`teacher[lr=${lr}]`) }));
    const cells = students.map(({ id }) => id);
    const whole = plan([...teachers, ...students], { rows: ['teacher'], cells });
    expect(texts(rowsOf(whole))).toEqual([['teacher[lr=0]'], ['teacher[lr=1]']]);
    const byModel = plan([...teachers, ...students], { rows: ['teacher.model'], cells });
    expect(texts(rowsOf(byModel))).toEqual([['resnet50']]);
  });

  it('are one for all seeds of the cell that they name, which is called by what its seeds share', () => {
    const teachers = [0, 1].flatMap((seed) =>
      [2, 4].map((width) => cell(`teacher[seed=${seed},width=${width}]`, { seed, width })),
    );
    const students = teachers.map(({ id, axes }, at) =>
      cell(`student[${at}]`, { teacher: to(id), seed: axes['seed'] ?? null }),
    );
    const cells = students.map(({ id }) => id);
    const rows = rowsOf(plan([...teachers, ...students], { rows: ['teacher'], cells }));
    expect(texts(rows)).toEqual([['teacher[width=2]'], ['teacher[width=4]']]);
    expect(rows.map((row) => row.cells.length)).toEqual([2, 2]);
  });

  it('refuse a name that no cell has, with the nearest that some have', () => {
    const [failure, ...others] = failuresOf(study({ rows: ['model', 'techer'] }));
    expect(others).toEqual([]);
    expect(failure).toMatchObject({
      code: 'unknown-row-name',
      message: 'table results: no cell has "techer", named in rows',
      fix: expect.stringContaining('teacher') as string,
    });
  });

  it('refuse all unknown names at once, also behind a dot', () => {
    const failures = failuresOf(study({ rows: ['modle', 'teacher.modell', 'nothing.like.it'] }));
    expect(failures.map(({ message }) => message)).toEqual([
      'table results: no cell has "modle", named in rows',
      'table results: no cell has "teacher.modell", named in rows',
      'table results: no cell has "nothing.like.it", named in rows',
    ]);
    expect(failures[1]?.fix).toContain('teacher.model');
  });

  it('take a name that only some cells have', () => {
    expect(failuresOf(study({ rows: ['kd_method'] }))).toEqual([]);
  });

  it('are a bug, not a failure, when the table reads a cell that is not there', () => {
    const whole = plan([cell('a')], { rows: [], cells: ['gone'] });
    expect(() => tableCells(cellIndex(whole), tableOf(whole))).toThrow('reads gone');
  });
});

describe('the metrics of a row', () => {
  const group = { labels: [], cells: [cell('a'), cell('b'), cell('c'), cell('d')] };

  it('stand in the order of its cells; what is missing or null is undefined', () => {
    const found = outcomes({ c: accuracy(0.3), a: accuracy(0.1), b: { test: { accuracy: null } } });
    expect(rowMetrics(group, found, 'test.accuracy')).toEqual([0.1, undefined, 0.3, undefined]);
  });

  it('may be texts', () => {
    expect(rowMetrics(group, outcomes({ a: { engine: 'wasm' } }), 'engine')[0]).toBe('wasm');
  });
});

describe('unknown columns', () => {
  const cells = [cell('score[0]'), cell('score[1]'), cell('other')];
  const table = tableOf(plan(cells, { rows: [], columns: ['test.acuracy', 'test.accuracy'] }));

  it('are found when each stage has a result, and none has the metric', () => {
    const found = outcomes({ 'score[0]': accuracy(0.5), other: accuracy(0.5) });
    expect(unknownColumns(table, cells, found)).toEqual([
      {
        code: 'unknown-column',
        message: 'table results: no result has the metric "test.acuracy"',
        expected: 'the dotted path of a metric that the cells of `from` report',
        fix: expect.stringContaining('test.accuracy') as string,
      },
    ]);
  });

  it('are not judged while a stage has no result that could have them', () => {
    expect(unknownColumns(table, cells, outcomes({ 'score[0]': accuracy(0.5) }))).toEqual([]);
    expect(unknownColumns(table, cells, outcomes({}))).toEqual([]);
  });

  it('include the compared metric', () => {
    const compared = { ...table, columns: [], compare: { baseline: {}, on: 'test.mpa' } };
    const whole = study();
    const scored = tableCells(cellIndex(whole), tableOf(whole));
    const [failure] = unknownColumns(compared, scored, studyOutcomes());
    expect(failure?.message).toContain('"test.mpa"');
  });

  it('are none when a single cell has the metric', () => {
    const found = outcomes({ 'score[0]': { test: { acuracy: 1, accuracy: 1 } }, other: accuracy(0.5) });
    expect(unknownColumns(table, cells, found)).toEqual([]);
  });
});
