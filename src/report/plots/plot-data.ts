import type { Failure } from '../../core/failure.ts';
import type { Json } from '../../core/json.ts';
import type { Plan, PlotPlan } from '../../core/plan.ts';
import { failed, success, type Result } from '../../core/result.ts';
import { baselineText } from '../rows/baseline.ts';
import { experimentText } from '../rows/experiment.ts';
import type { CellIndex } from '../../cells/lookup.ts';
import { plotRows } from '../../cells/rows.ts';
import type { RowGroup } from '../../cells/row-groups.ts';
import { groupText, hasValues } from '../../cells/row-match.ts';
import {
  averagedAxes,
  cellIndex,
  rowGroups,
  rowMetrics,
  tableCells,
  unknownColumns,
  type Outcomes,
} from '../rows/rows.ts';
import { mean, sampleDeviation } from '../rows/statistics.ts';

/** The mean of a metric over the runs of a row, and one sample standard deviation to either side. */
interface Spread {
  readonly y: number;
  /** Null for fewer than two runs, as are its ends. */
  readonly sd: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Runs that have the metric. */
  readonly n: number;
}

/** A point of a line; the names that make the row stand beside it with their values. */
export interface PlotPoint extends Spread {
  readonly series: string;
  readonly x: number;
  /** Where x is a metric: what the point is, beside its line; it stands at the highest point of each. */
  readonly label?: string;
  readonly [name: string]: Json;
}

/** A level line. */
export interface PlotLevel extends Spread {
  readonly label: string;
  readonly [name: string]: Json;
}

/** The numbers of a plot: what a Vega-Lite specification finds as data `points` and `levels`. */
export interface PlotData {
  readonly points: readonly PlotPoint[];
  readonly levels: readonly PlotLevel[];
  /** The lines, in the order in which the plan first shows them. */
  readonly series: readonly string[];
  /** The axes that means are taken over. */
  readonly over: readonly string[];
  /** Runs that have a result, and those that the pipeline declares. */
  readonly n: number;
  readonly expected: number;
}

/** A row, and where it goes: a number to the right, or a level. */
interface Placed {
  readonly group: RowGroup;
  readonly x: number | undefined;
}

/** A failure that names the plot. */
const problem = (plot: PlotPlan, message: string, hints: Pick<Failure, 'expected' | 'fix'>): Failure => ({
  code: 'bad-plot',
  message: `plot ${plot.name}: ${message}`,
  ...hints,
});

/** The label of a row under one name. */
const labelOf = ({ labels }: RowGroup, name: string) => labels.find((label) => label.name === name);

/** The name of a row's line: texts as they are, other values with their names. */
function seriesText(group: RowGroup, plot: PlotPlan): string {
  const words = plot.series.map((name) => {
    const { text = '', value = null } = labelOf(group, name) ?? {};
    return typeof value === 'string' || value === null ? text : `${name}=${text}`;
  });
  return words.join(' ');
}

/** Says where each row goes; a row that has no number x has to be a baseline. */
function placePoints(index: CellIndex, plot: PlotPlan, groups: readonly RowGroup[]): Result<readonly Placed[]> {
  const failures: Failure[] = [];
  const rows = groups.map((group): Placed => {
    const x = labelOf(group, plot.x)?.value;
    if (typeof x === 'number') {
      if (plot.scale === 'log' && x <= 0)
        failures.push(problem(plot, `${plot.x} is ${x}`, { expected: 'numbers above 0 on a log scale' }));
      return { group, x };
    }
    if (!plot.baseline || !hasValues(index, group, plot.baseline)) {
      const hints = {
        expected: `a number, or a row that is drawn as a level line: baseline: { … }`,
        fix: 'name the cells that have one in from: stage[axis=value]',
      };
      failures.push(problem(plot, `${plot.x} is not a number in the row ${groupText(group)}`, hints));
    }
    return { group, x: undefined };
  });
  if (plot.baseline && rows.every(({ x }) => x !== undefined)) {
    const fix = `rows are ${groups.slice(0, 6).map(groupText).join(' | ')}`;
    const expected = `a row without ${plot.x}`;
    failures.push(problem(plot, `no row is ${baselineText(plot.baseline)}, the baseline`, { expected, fix }));
  }
  return failures.length > 0 ? failed(failures) : success(rows);
}

/** Where each row goes whose x is a metric, its mean; rows without one go nowhere. */
function placeByMetric(plot: PlotPlan, groups: readonly RowGroup[], outcomes: Outcomes): Result<readonly Placed[]> {
  const rows = groups.flatMap((group): readonly Placed[] => {
    const values = numbersOf(group, plot.x, outcomes);
    return values.length > 0 ? [{ group, x: mean(values) }] : [];
  });
  const wrong = rows.find(({ x }) => plot.scale === 'log' && x !== undefined && x <= 0);
  if (!wrong) return success(rows);
  const hints = { expected: 'numbers above 0 on a log scale' };
  return failed([problem(plot, `${plot.x} is ${wrong.x} in the row ${groupText(wrong.group)}`, hints)]);
}

/** Rows that would be two points of one line at one place. */
function collisions(plot: PlotPlan, rows: readonly Placed[]): readonly Failure[] {
  const seen = new Map<string, RowGroup>();
  return rows.flatMap(({ group, x }) => {
    if (x === undefined) return [];
    const place = JSON.stringify([seriesText(group, plot), x]);
    const other = seen.get(place);
    seen.set(place, group);
    if (!other) return [];
    const names = group.labels.filter(({ text }, at) => text !== other.labels[at]?.text).map(({ name }) => name);
    const message = `two rows give the same point: ${groupText(other)} | ${groupText(group)}`;
    return [problem(plot, message, { expected: 'one row for each point', fix: `name ${names.join(', ')} in series` })];
  });
}

/** A metric's values in the runs of a row. */
const numbersOf = (group: RowGroup, metric: string, outcomes: Outcomes): readonly number[] =>
  rowMetrics(group, outcomes, metric).filter((value) => typeof value === 'number');

/** The mean of a row; undefined where no run has a number. */
function spreadOf(group: RowGroup, plot: PlotPlan, outcomes: Outcomes): Spread | undefined {
  const values = numbersOf(group, plot.y, outcomes);
  if (values.length === 0) return undefined;
  const y = mean(values);
  const sd = sampleDeviation(values) ?? null;
  return { y, sd, low: sd === null ? null : y - sd, high: sd === null ? null : y + sd, n: values.length };
}

/** The labels of a row as fields. */
const fieldsOf = ({ labels }: RowGroup): Readonly<Record<string, Json>> =>
  Object.fromEntries(labels.map(({ name, text, value }) => [name, typeof value === 'object' ? text : value]));

/** Points with a label at the highest of those that would have the same. */
function labelled(points: readonly PlotPoint[]): readonly PlotPoint[] {
  const highest = new Map<string, PlotPoint>();
  for (const point of points) {
    const { label = '', y } = point;
    const known = highest.get(label);
    if (!known || y > known.y) highest.set(label, point);
  }
  return points.map((point) => (highest.get(point.label ?? '') === point ? point : { ...point, label: '' }));
}

/** The numbers of rows whose places are known. */
function dataOf(plot: PlotPlan, rows: readonly Placed[], outcomes: Outcomes): Omit<PlotData, 'over' | 'expected'> {
  const points: PlotPoint[] = [];
  const levels: PlotLevel[] = [];
  for (const { group, x } of rows) {
    const spread = spreadOf(group, plot, outcomes);
    if (!spread) continue;
    const label = experimentText(group.labels.filter(({ name }) => name !== plot.x));
    if (x === undefined) levels.push({ ...fieldsOf(group), ...spread, label });
    else {
      const own = group.labels.filter(({ name }) => !plot.series.includes(name));
      const text = plot.xFrom && { label: experimentText(own) };
      points.push({ ...fieldsOf(group), ...spread, series: seriesText(group, plot), x, ...text });
    }
  }
  const lines = rows.filter(({ x }) => x !== undefined).map(({ group }) => seriesText(group, plot));
  return {
    points: plot.xFrom ? labelled(points) : points,
    levels,
    series: [...new Set(lines)],
    n: [...points, ...levels].reduce((sum, { n }) => sum + n, 0),
  };
}

/**
 * Makes the numbers of a plot from a plan and its results. Pure: equal results give equal numbers.
 *
 * @param plan - the plan
 * @param plot - one of its plots
 * @param outcomes - results by cell; cells without one are missing runs
 * @returns means with their spread; failures for unknown names, for rows without a number x that are no baseline, and
 *   for rows that fall on one point
 */
export function plotData(plan: Plan, plot: PlotPlan, outcomes: Outcomes): Result<PlotData> {
  const index = cellIndex(plan);
  const names = plotRows(index, tableCells(index, plot), plot);
  const asked = { what: 'plot', name: plot.name, cells: plot.cells, rows: names } as const;
  const groups = rowGroups(index, asked);
  if (!groups.ok) return groups;
  const columns = plot.xFrom ? [plot.x, plot.y] : [plot.y];
  const unknown = unknownColumns({ ...asked, columns }, tableCells(index, plot), outcomes);
  const rows = plot.xFrom ? placeByMetric(plot, groups.value, outcomes) : placePoints(index, plot, groups.value);
  if (!rows.ok) return failed([...unknown, ...rows.failures]);
  const failures = [...unknown, ...(plot.xFrom ? [] : collisions(plot, rows.value))];
  if (failures.length > 0) return failed(failures);
  return success({
    ...dataOf(plot, rows.value, outcomes),
    over: averagedAxes(index, groups.value, plot.over),
    expected: groups.value.reduce((sum, { cells }) => sum + cells.length, 0),
  });
}
