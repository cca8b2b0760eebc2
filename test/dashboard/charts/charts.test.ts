import { expect, it } from 'vitest';
import { compile, type TopLevelSpec } from 'vega-lite';
import { inked, type Chart } from '../../../src/dashboard/charts/chart.ts';
import { curveCharts } from '../../../src/dashboard/charts/curves.ts';
import { classChart, confusionChart, reliabilityChart } from '../../../src/dashboard/charts/evaluation-charts.ts';
import { costNames, numberNames, overChart, parallelChart } from '../../../src/dashboard/charts/sweep-charts.ts';
import { describePlan } from '../../../src/dashboard/data/describe-plan.ts';
import { LiveRun } from '../../../src/dashboard/data/live-run.ts';
import { readEvaluations } from '../../../src/dashboard/data/evaluation.ts';
import { sweepRows } from '../../../src/dashboard/data/sweep.ts';
import { cell, plan } from '../../report/sample-plan.ts';
import { finished } from '../sample-run.ts';

/** What Vega-Lite says of a chart. */
function warnings({ spec, points }: Chart): readonly string[] {
  const said: string[] = [];
  const say = (...words: readonly unknown[]) => (said.push(words.map(String).join(' ')), logger);
  const logger = { level: () => logger, error: say, warn: say, info: () => logger, debug: () => logger };
  const ink = { text: '#555', lines: '#888', faint: '#ddd', card: '#fff' };
  compile({ ...inked(spec, ink), datasets: { points } } as unknown as TopLevelSpec, { logger });
  return said;
}

const cells = [0.2, 0.5].flatMap((ratio) =>
  ['AT', 'none'].map((method) =>
    cell(`m[kd_method=${method},ratio=${ratio}]`, {
      kd_method: method,
      ratio: method === 'AT' ? ratio : `of ${ratio}`,
    }),
  ),
);
const run = new LiveRun(describePlan(plan(cells), 'r'));
for (const [at, { id }] of cells.entries()) run.apply(finished(id, 0.5 + at / 10));
const [stage] = run.data.stages;
const rows = stage ? sweepRows(run, stage, true) : [];
const names = stage?.names ?? [];

it('draws a metric over a number, and what has none as level lines', () => {
  const chart = overChart(rows, names, { x: 'ratio', y: 'test.accuracy', series: 'kd_method' });
  expect(numberNames(rows, names)).toEqual(['ratio']);
  expect(chart.points.map((point) => ['x' in point, point['y']])).toEqual([
    [true, 0.5],
    [false, 0.6],
    [true, 0.7],
    [false, 0.8],
  ]);
  expect(warnings(chart)).toEqual([]);
});

it('draws a metric over what networks cost, by its logarithm', () => {
  const models = ['small', 'large'].map((model) => cell(`e[model=${model}]`, { model }));
  const costly = new LiveRun(describePlan(plan(models), 'r'));
  models.forEach(({ id }, place) => {
    const event = finished(id, 0.5 + place / 10);
    costly.apply('metrics' in event ? { ...event, metrics: { ...event.metrics, macs: 1000 * 10 ** place } } : event);
  });
  const [first] = costly.data.stages;
  const two = sweepRows(costly, first!, true);
  expect(costNames(two)).toEqual(['macs']);
  expect(costNames(rows)).toEqual([]);
  const chart = overChart(two, first!.names, { x: 'macs', y: 'test.accuracy' });
  expect(chart.points.map(({ x, y }) => [x, y])).toEqual([
    [1000, 0.5],
    [10000, 0.6],
  ]);
  expect(JSON.stringify(chart.spec)).toContain('"type":"log"');
  expect(warnings(chart)).toEqual([]);
});

it('draws parallel coordinates: each row crosses each axis', () => {
  const chart = parallelChart(rows, names, 'test.accuracy');
  const crossings = chart.points.filter((point) => 'row' in point);
  expect(crossings).toHaveLength(rows.length * 3);
  expect(crossings.every(({ place }) => typeof place === 'number' && place >= 0 && place <= 1)).toBe(true);
  expect(warnings(chart)).toEqual([]);
});

it('draws curves, a panel for each kind of number', () => {
  const row = (epoch: number) => ({
    epoch,
    lr: 0.1,
    train_loss: 2,
    val_loss: null,
    kd_loss: 1,
    kd_loss_AT: 3,
    val_accuracy: 0.4,
    images_per_second: 90,
    extra: 1,
  });
  const charts = curveCharts([
    { name: 'a', rows: [row(0), row(1)] },
    { name: 'constructor', rows: [] },
  ]);
  expect(charts.map(({ name }) => name)).toEqual([
    'loss',
    'accuracy',
    'distillation terms',
    'learning rate',
    'images/s',
    'extra',
  ]);
  expect(charts[2]?.chart.points).toHaveLength(4);
  expect(charts.flatMap(({ chart }) => warnings(chart))).toEqual([]);
  expect(curveCharts([{ name: 'a', rows: [] }])).toEqual([]);
});

it('draws evaluations', () => {
  const [evaluation] = readEvaluations({
    per_class:
      'split,tta,class,precision,recall,f1,support,predicted\ntest,none,cat,0.5,1,0.7,2,4\ntest,none,dog,,0,0,2,0\n',
    confusion: 'split,tta,class,cat,dog\ntest,none,cat,2,0\ntest,none,dog,2,0\n',
    calibration: 'split,tta,above,up_to,count,confidence,accuracy\ntest,none,0.5,1,4,0.8,0.5\n',
  });
  if (!evaluation) throw new Error('it is there');
  const charts = [confusionChart(evaluation), classChart(evaluation), reliabilityChart(evaluation)];
  expect(charts.map((chart) => chart?.points.length)).toEqual([4, 4, 1]);
  expect(charts.flatMap((chart) => (chart ? warnings(chart) : ['none']))).toEqual([]);
});
