import type { PlotPlan } from '../../core/plan.ts';
import { plotRows } from '../../cells/rows.ts';
import { withNameAdvice } from '../../util/text.ts';
import type { Problems } from '../source/problems.ts';
import { inside, type Located } from '../source/location.ts';
import type { PlotSpec } from '../read/spec.ts';
import { checkBaseline, meantBaseline } from './check-compare.ts';
import { checkColumns, checkRows, isMetricName, type TableContext } from './check-names.ts';
import { cellsFrom, checkEmpty, checkTwice, overOf, poolingRows } from './plan-table.ts';

/** Scales that x can have. */
export const scales = ['linear', 'log'] as const;

/** A text with the ending that its content asks for. */
function checkEnding(written: Located<string> | undefined, ending: string, problems: Problems): void {
  if (!written || written.value.endsWith(ending)) return;
  const message = `${JSON.stringify(written.value)} does not end in ${ending}`;
  problems.add({
    code: 'wrong-ending',
    message,
    expected: `a path that ends in ${ending}`,
    location: written.location,
  });
}

function scaleOf({ scale }: PlotSpec, problems: Problems): PlotPlan['scale'] {
  if (!scale) return 'linear';
  const known = scales.find((one) => one === scale.value);
  if (known) return known;
  const message = `there is no scale ${JSON.stringify(scale.value)}`;
  const problem = { code: 'unknown-scale', message, expected: scales.join(' or '), location: scale.location };
  problems.add(withNameAdvice(problem, scale.value, scales));
  return 'linear';
}

/** A plot as written, with where its x comes from. */
type Meant = PlotSpec & Pick<PlotPlan, 'xFrom'>;

function checkNames(plot: Meant, context: TableContext, cells: ReturnType<typeof cellsFrom>['cells']): void {
  const what = `plot ${plot.name}`;
  const { baseline, x, y, series, xFrom } = plot;
  const ofBaseline = Object.keys(baseline?.value ?? {}).map((value) => ({
    value,
    location: inside(baseline?.location ?? plot.location, value),
  }));
  checkColumns({ what, names: y ? [y] : [] }, cells, context);
  checkRows({ what, names: [...(x && !xFrom ? [x] : []), ...series, ...ofBaseline] }, cells, context);
}

/** The names that make lines: those that are given, and what overrides sweep. */
function seriesOf(plot: Meant, cells: ReturnType<typeof cellsFrom>['cells'], context: TableContext): readonly string[] {
  const { name, x, xFrom, over, location, baseline } = plot;
  const series = plot.series.map(({ value }) => value);
  if (!x) return series;
  const all = cells.map(({ cell }) => cell);
  const rows = plotRows(context.world.index, all, {
    series,
    x: x.value,
    ...(xFrom && { xFrom }),
    ...(baseline && { baseline: baseline.value }),
  });
  if (baseline) checkBaseline({ what: `plot ${name}`, baseline, rows }, cells, context);
  const place = { key: 'series', location: plot.series.length > 0 ? inside(location, 'series') : location } as const;
  const made = poolingRows({ ...place, what: `plot ${name}`, rows, over }, cells, context);
  return [...series, ...made.filter((one) => !rows.includes(one))];
}

function checkEmptyBaseline({ baseline, name }: PlotSpec, problems: Problems): void {
  if (!baseline || Object.keys(baseline.value).length > 0) return;
  const message = `the baseline of plot ${name} names no row`;
  problems.add({ code: 'empty-baseline', message, expected: 'baseline: { row: value }', location: baseline.location });
}

/** Rows without x are what a baseline draws: of a metric there are none. */
function checkNoLevels({ baseline, xFrom, x, name }: Meant, problems: Problems): void {
  if (!baseline || !xFrom || !x) return;
  problems.add({
    code: 'useless-baseline',
    message: `plot ${name} has a baseline, and x: ${x.value} is a metric, which every row has`,
    expected: 'a baseline beside an x that some rows lack',
    fix: 'remove baseline: its row is a point like the others',
    location: baseline.location,
  });
}

/**
 * Checks a plot against the planned cells.
 *
 * @param written - the plot as written
 * @param context - the planned stages, and what takes problems
 * @returns the plot with the cells that it reads, in the order of the plan
 */
export function planPlot(written: PlotSpec, context: TableContext): PlotPlan {
  const plot = written.baseline ? { ...written, baseline: meantBaseline(written.baseline, context) } : written;
  const { problems } = context;
  problems.budget.spend('tables', 1, written.location);
  const before = problems.noted;
  const { name, x, y, series, title, baseline, template, into } = plot;
  checkEmpty(`plot ${name}`, plot, problems);
  checkTwice([...series, ...(x ? [x] : [])], `plot ${name}`, problems);
  checkEmptyBaseline(plot, problems);
  checkEnding(into, '.svg', problems);
  checkEnding(template, '.json', problems);
  const { cells, whole } = cellsFrom(plot.from, context);
  problems.budget.spend('nodes', 5 * cells.length * (series.length + 3), plot.location);
  const xFrom = x && isMetricName(x.value, cells, context) ? ({ xFrom: 'metrics' } as const) : {};
  const meant = { ...plot, ...xFrom };
  if (whole) checkNames(meant, context, cells);
  checkNoLevels(meant, problems);
  const isSound = whole && y !== undefined && problems.noted === before;
  return {
    name,
    cells: cells.map(({ cell }) => cell.id),
    x: x?.value ?? '',
    ...xFrom,
    y: y?.value ?? '',
    series: isSound ? seriesOf(meant, cells, context) : series.map(({ value }) => value),
    ...overOf(plot.over),
    scale: scaleOf(plot, problems),
    into: into?.value ?? '',
    ...(title && { title: title.value }),
    ...(baseline && { baseline: baseline.value }),
    ...(template && { template: template.value }),
  };
}
