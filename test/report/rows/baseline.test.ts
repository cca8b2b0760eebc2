import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Cell, Plan } from '../../../src/core/plan.ts';
import { unwrap, type Result } from '../../../src/core/result.ts';
import { baselines, baselineText, type Baselines } from '../../../src/report/rows/baseline.ts';
import { groupText } from '../../../src/cells/row-match.ts';
import { cellIndex, rowGroups } from '../../../src/report/rows/rows.ts';
import { cell, plan, study, to } from '../sample-plan.ts';

/** The baselines of a plan's only table. */
function found(whole: Plan): Result<Baselines> {
  const [table] = whole.tables;
  if (!table) throw new Error('the plan has no table');
  const index = cellIndex(whole);
  return baselines(index, table, unwrap(rowGroups(index, table)));
}

/** Pairs of rows as texts. */
const pairs = (whole: Plan): readonly string[] =>
  [...unwrap(found(whole))].map(([row, baseline]) => `${groupText(row)} ← ${groupText(baseline)}`);

/** A table that compares. */
const comparing = (baseline: JsonObject, rows = ['model', 'teacher', 'kd_method']): Plan =>
  study({ rows, compare: { baseline, on: 'test.accuracy' } });

/** A row a cell, of a model and a method. */
function models(...rows: readonly (readonly [model: string, method?: string])[]): readonly Cell[] {
  return rows.map(([model, kd_method], at) =>
    cell(`s[${at}]`, kd_method === undefined ? { model } : { model, kd_method }),
  );
}

describe('the row that others are compared with', () => {
  it('has the baseline’s values; what a cell does not have is none', () => {
    expect(pairs(comparing({ kd_method: 'none', model: 'mobilenetv2' }))).toEqual([
      'model=resnet50, teacher=none, kd_method=none ← model=mobilenetv2, teacher=none, kd_method=none',
      'model=mobilenetv2, teacher=resnet50, kd_method=MGD ← model=mobilenetv2, teacher=none, kd_method=none',
      'model=mobilenetv2, teacher=resnet50, kd_method=AT ← model=mobilenetv2, teacher=none, kd_method=none',
    ]);
  });

  it('is the one that shares most labels, where several answer: each student has its own undistilled run', () => {
    expect(pairs(comparing({ kd_method: 'none' }))).toEqual([
      'model=mobilenetv2, teacher=resnet50, kd_method=MGD ← model=mobilenetv2, teacher=none, kd_method=none',
      'model=mobilenetv2, teacher=resnet50, kd_method=AT ← model=mobilenetv2, teacher=none, kd_method=none',
    ]);
  });

  it('may be named by null, by a name that is not in rows, and by a cell’s short name or id', () => {
    expect(pairs(comparing({ kd_method: null, model: 'mobilenetv2' }))).toHaveLength(3);
    expect(pairs(comparing({ ema: false, kd_method: 'none', model: 'mobilenetv2' }))).toHaveLength(3);
    expect(pairs(comparing({ teacher: 'resnet50', kd_method: 'AT' }))).toHaveLength(3);
    expect(pairs(comparing({ teacher: 'teacher', kd_method: 'AT' }))).toHaveLength(3);
  });

  it('may be named through a cell', () => {
    expect(pairs(comparing({ 'teacher.model': 'resnet50', kd_method: 'MGD' }))).toHaveLength(3);
  });

  it('may be a number or a list', () => {
    const cells = [cell('s[0]', { kd_ratio: 0.7, blocks: [3, 4] }), cell('s[1]', { kd_ratio: 0.5, blocks: [4] })];
    const table = { rows: ['kd_ratio', 'blocks'] };
    const at = (baseline: JsonObject) => pairs(plan(cells, { ...table, compare: { baseline, on: 'x' } }));
    expect(at({ kd_ratio: 0.7 })).toEqual(['kd_ratio=0.5, blocks=[4] ← kd_ratio=0.7, blocks=[3, 4]']);
    expect(at({ blocks: [4] })).toEqual(['kd_ratio=0.7, blocks=[3, 4] ← kd_ratio=0.5, blocks=[4]']);
  });

  it('must be a whole row: a value that only some of a row’s runs have does not make one', () => {
    const cells = [0, 1].map((seed) => cell(`s[${seed}]`, { kd_method: 'AT', seed }));
    const whole = plan(cells, { rows: ['kd_method'], compare: { baseline: { seed: 0 }, on: 'x' } });
    expect(found(whole)).toMatchObject({ ok: false, failures: [{ code: 'unclear-baseline' }] });
  });

  it('is refused where no row answers, and the rows are listed', () => {
    expect(found(comparing({ kd_method: 'SP' }))).toMatchObject({
      ok: false,
      failures: [
        {
          code: 'unclear-baseline',
          message: 'table results: no row is kd_method=SP, the baseline',
          fix: expect.stringContaining('kd_method=MGD | model=mobilenetv2') as string,
        },
      ],
    });
  });

  it('is refused where no cell has the name', () => {
    expect(found(comparing({ kd_metod: 'none' }))).toMatchObject({
      ok: false,
      failures: [
        {
          code: 'unknown-row-name',
          message: 'table results: no cell has "kd_metod", named in compare.baseline',
          fix: expect.stringContaining('kd_method') as string,
        },
      ],
    });
  });

  it('is refused where two are equally near to a row', () => {
    const cells = models(['a'], ['b'], ['c', 'AT']);
    const whole = plan(cells, { rows: ['model', 'kd_method'], compare: { baseline: { kd_method: 'none' }, on: 'x' } });
    expect(found(whole)).toMatchObject({
      ok: false,
      failures: [
        {
          code: 'unclear-baseline',
          message: 'table results: 2 rows are kd_method=none, equally near to the row model=c, kd_method=AT',
          fix: expect.stringContaining('name more in compare.baseline') as string,
        },
      ],
    });
  });
});

describe('a baseline as text', () => {
  it('names what makes it', () => {
    expect(baselineText({ kd_method: 'none', ema: false, teacher: null, blocks: [3] })).toBe(
      'kd_method=none, ema=false, teacher=none, blocks=[3]',
    );
  });

  it('shows labels of a row', () => {
    const [row] = unwrap(
      rowGroups(
        new Map([
          ['a', cell('a', { teacher: to('b') })],
          ['b', cell('b')],
        ]),
        {
          name: 't',
          cells: ['a'],
          rows: ['teacher'],
        },
      ),
    );
    expect(row && groupText(row)).toBe('teacher=b');
  });
});
