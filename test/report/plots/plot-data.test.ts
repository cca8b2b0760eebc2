import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Cell, Plan, PlotPlan } from '../../../src/core/plan.ts';
import { unwrap } from '../../../src/core/result.ts';
import { plotData, type PlotData } from '../../../src/report/plots/plot-data.ts';
import type { Outcomes } from '../../../src/report/rows/rows.ts';
import { accuracy, cell, outcomes, plan } from '../sample-plan.ts';

/** A plot of test accuracy over kd_ratio, a line a method. */
const plotOf = (cells: readonly Cell[], change: Partial<PlotPlan> = {}): PlotPlan => ({
  name: 'ratio',
  cells: cells.map(({ id }) => id),
  x: 'kd_ratio',
  y: 'test.accuracy',
  series: ['kd_method'],
  scale: 'linear',
  into: 'ratio.svg',
  ...change,
});

/** Two methods at two ratios with two seeds, in the order of the plan, and their accuracies. */
const grid = ['AT', 'MGD'].flatMap((kd_method, method) =>
  [0.2, 0.8].flatMap((kd_ratio, ratio) =>
    [0, 1].map((seed) => ({
      cell: cell(`s[${kd_method},${kd_ratio},${seed}]`, { kd_method, kd_ratio, seed }, { model: 'small' }),
      accuracy: 0.5 + method / 10 + ratio / 20 + seed / 50,
    })),
  ),
);
const alone = [0, 1].map((seed) => cell(`alone[${seed}]`, { seed }, { model: 'small' }));
const teacher = cell('teacher', {}, { model: 'large' });
const students = grid.map((one) => one.cell);
const all = [...students, ...alone, teacher];
const found = outcomes({
  ...Object.fromEntries(grid.map((one): [string, JsonObject] => [one.cell.id, accuracy(one.accuracy)])),
  ...{ 'alone[0]': accuracy(0.4), 'alone[1]': accuracy(0.44), teacher: accuracy(0.9) },
});

/** The numbers of a plot over cells. */
function dataOf(cells: readonly Cell[], change: Partial<PlotPlan> = {}, results: Outcomes = found): PlotData {
  return unwrap(plotData(plan(cells), plotOf(cells, change), results));
}

/** What is wrong with a plot over cells, before anything has run. */
function problems(
  cells: readonly Cell[],
  change: Partial<PlotPlan> = {},
  whole: Plan = plan(cells),
): readonly string[] {
  const data = plotData(whole, plotOf(cells, change), new Map());
  return data.ok ? [] : data.failures.map(({ code, message }) => `${code}: ${message}`);
}

describe('the numbers of a plot', () => {
  it('are the mean over seeds at each x of each line, with the sample deviation to either side', () => {
    const data = dataOf(students);
    // Of 0.5 and 0.52: mean 0.51, deviation 0.02/√2.
    expect(data.points[0]).toEqual({
      kd_method: 'AT',
      model: 'small',
      kd_ratio: 0.2,
      series: 'AT',
      x: 0.2,
      y: expect.closeTo(0.51, 14) as number,
      sd: expect.closeTo(0.02 / Math.SQRT2, 14) as number,
      low: expect.closeTo(0.51 - 0.02 / Math.SQRT2, 14) as number,
      high: expect.closeTo(0.51 + 0.02 / Math.SQRT2, 14) as number,
      n: 2,
    });
    expect(data.points.map(({ series, x, y }) => [series, x, Number(y.toFixed(9))])).toEqual([
      ['AT', 0.2, 0.51],
      ['AT', 0.8, 0.56],
      ['MGD', 0.2, 0.61],
      ['MGD', 0.8, 0.66],
    ]);
    expect(data).toMatchObject({ levels: [], series: ['AT', 'MGD'], n: 8, expected: 8 });
  });

  it('lie over the mean of a metric, with a label at the highest point of each network', () => {
    const networks = ['small', 'large'].flatMap((model, size) =>
      ['none', 'AT'].flatMap((kd_method, method) =>
        [0, 1].map((seed) => ({
          cell: cell(`s[${model},${kd_method},${seed}]`, { kd_method, seed }, { model }),
          metrics: { ...accuracy(0.5 + size / 10 + method / 20), macs: 10 ** (3 + size) },
        })),
      ),
    );
    const cells = networks.map((one) => one.cell);
    const results = outcomes(Object.fromEntries(networks.map((one) => [one.cell.id, one.metrics])));
    const over = { x: 'macs', xFrom: 'metrics', scale: 'log' } as const;
    const seen = ({ points }: PlotData) => points.map(({ series, x, y, label, n }) => [series, x, y, label, n]);
    expect(seen(dataOf(cells, over, results))).toEqual([
      ['none', 1000, 0.5, '', 2],
      ['AT', 1000, 0.55, 'small', 2],
      ['none', 10000, 0.6, '', 2],
      ['AT', 10000, 0.65, 'large', 2],
    ]);
    // What has not run yet has no place, and is missed.
    const half = new Map([...results].filter(([id]) => id.includes('small')));
    expect(dataOf(cells, over, half)).toMatchObject({ n: 4, expected: 8, points: [{ x: 1000 }, { x: 1000 }] });
  });

  it('have no deviation for single runs, and none at all where no run has a result', () => {
    const one = grid.filter((item) => item.cell.id.endsWith(',0]')).map((item) => item.cell);
    const results = outcomes({ [one[0]?.id ?? '']: accuracy(0.7) });
    const data = dataOf(one, {}, results);
    expect(data.points).toMatchObject([{ series: 'AT', x: 0.2, y: 0.7, sd: null, low: null, high: null, n: 1 }]);
    expect(data).toMatchObject({ series: ['AT', 'MGD'], n: 1, expected: 4 });
  });

  it('are level lines for the baseline, one a model: no mean goes over several networks', () => {
    const { levels, n, expected } = dataOf(all, { baseline: { kd_method: 'none' } });
    expect(levels.map(({ label, y, n: runs }) => [label, Number(y.toFixed(9)), runs])).toEqual([
      ['small', 0.42, 2],
      ['large', 0.9, 1],
    ]);
    expect([n, expected]).toEqual([11, 11]);
  });

  it('are one line without series, and lines named by all their names', () => {
    const methods = students.slice(0, 4);
    expect(dataOf(methods, { series: [] })).toMatchObject({ series: [''] });
    expect(dataOf(students, { series: ['kd_method', 'model'] }).series).toEqual(['AT small', 'MGD small']);
    const switched = [false, true].map((ema) => cell(`s[${ema}]`, { ema, kd_ratio: 1 }));
    expect(dataOf(switched, { series: ['ema'] }, new Map()).series).toEqual(['ema=false', 'ema=true']);
  });
});

describe('a plot is refused', () => {
  it('where a row has no number to go to, unless it is the baseline', () => {
    expect(problems(all)).toEqual([
      'bad-plot: plot ratio: kd_ratio is not a number in the row kd_method=none, model=small, kd_ratio=none',
      'bad-plot: plot ratio: kd_ratio is not a number in the row kd_method=none, model=large, kd_ratio=none',
    ]);
    expect(problems(all, { baseline: { kd_method: 'none', model: 'small' } })).toEqual([
      'bad-plot: plot ratio: kd_ratio is not a number in the row kd_method=none, model=large, kd_ratio=none',
    ]);
    expect(problems(students, { x: 'kd_method', series: [] })).toContain(
      'bad-plot: plot ratio: kd_method is not a number in the row model=small, kd_method=AT',
    );
  });

  it('where no row is the baseline', () => {
    expect(problems(students, { baseline: { kd_method: 'none' } })).toEqual([
      'bad-plot: plot ratio: no row is kd_method=none, the baseline',
    ]);
  });

  it('where two rows would be one point', () => {
    expect(problems(students, { series: ['kd_method'] })).toEqual([]);
    const two = ['small', 'large'].map((model) => cell(`s[${model}]`, { kd_method: 'AT', kd_ratio: 0.2 }, { model }));
    expect(problems(two)).toEqual([
      'bad-plot: plot ratio: two rows give the same point: kd_method=AT, model=small, kd_ratio=0.2 | kd_method=AT, model=large, kd_ratio=0.2',
    ]);
    expect(problems(two, { series: ['kd_method', 'model'] })).toEqual([]);
  });

  it('where a number is not above 0 on a log scale', () => {
    const cells = [0, 1].map((kd_ratio) => cell(`s[${kd_ratio}]`, { kd_ratio, kd_method: 'AT' }));
    expect(problems(cells, { scale: 'log' })).toEqual(['bad-plot: plot ratio: kd_ratio is 0']);
    expect(problems(cells)).toEqual([]);
  });

  it('for names that no cell has, and a metric that no result has', () => {
    expect(problems(students, { series: ['teacher.model'] })).toEqual([
      'unknown-row-name: plot ratio: no cell has "teacher.model", named in rows',
    ]);
    const data = plotData(plan(students), plotOf(students, { y: 'test.acuracy' }), found);
    expect(data).toMatchObject({
      ok: false,
      failures: [{ code: 'unknown-column', message: 'plot ratio: no result has the metric "test.acuracy"' }],
    });
  });
});
