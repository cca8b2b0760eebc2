import type { JsonObject } from '../../core/json.ts';
import { measuredOf, type SweepRow } from '../data/sweep.ts';
import type { Label } from '../data/run-data.ts';
import { lineColours, titleText, wideChart, type Chart } from './chart.ts';

/** Most rows that are drawn as lines. */
export const mostRows = 1000;

/** What is drawn over what. */
export interface Axes {
  readonly x: string;
  readonly y: string;
  /** What makes a line; one line without it. */
  readonly series?: string | undefined;
}

const at = ({ labels }: SweepRow, names: readonly string[], name: string): Label | undefined =>
  labels[names.indexOf(name)];

/**
 * The names whose labels are numbers in at least two rows: what a metric can be drawn over.
 *
 * @param rows - rows of one stage
 * @param names - of their labels
 * @returns the names
 */
export function numberNames(rows: readonly SweepRow[], names: readonly string[]): readonly string[] {
  return names.filter((name) => {
    const numbers = rows.flatMap((row) => {
      const value = at(row, names, name);
      return typeof value === 'number' ? [value] : [];
    });
    return new Set(numbers).size > 1;
  });
}

/** Metrics that say what a network costs: a metric can be drawn over them, too, by their logarithm. */
const COSTS: readonly string[] = ['macs', 'parameters'];

/**
 * The costs in which rows differ.
 *
 * @param rows - rows of one stage
 * @returns `macs`, `parameters`, or none
 */
export function costNames(rows: readonly SweepRow[]): readonly string[] {
  return COSTS.filter((name) => {
    const known = rows.map((row) => measuredOf(row, name)).filter(({ n, mean }) => n > 0 && mean > 0);
    return new Set(known.map(({ mean }) => mean)).size > 1;
  });
}

/** What a row has under a name: a label, or the mean of a cost. */
function placeOf(row: SweepRow, names: readonly string[], name: string): Label | undefined {
  if (names.includes(name) || !COSTS.includes(name)) return at(row, names, name);
  const { mean, n } = measuredOf(row, name);
  return n > 0 ? mean : undefined;
}

/**
 * The names in which rows differ.
 *
 * @param rows - rows of one stage
 * @param names - of their labels
 * @returns the names
 */
export function varyingNames(rows: readonly SweepRow[], names: readonly string[]): readonly string[] {
  return names.filter((name) => new Set(rows.map((row) => at(row, names, name))).size > 1);
}

/** A point: the mean of a row, with a standard deviation to either side. */
function pointOf(row: SweepRow, names: readonly string[], { x, y, series }: Axes): readonly JsonObject[] {
  const { mean, sd, n } = measuredOf(row, y);
  const place = placeOf(row, names, x);
  if (n === 0) return [];
  const spread = { y: mean, low: sd === null ? null : mean - sd, high: sd === null ? null : mean + sd, n };
  const label = names.map((name, nth) => `${name}=${row.labels[nth] ?? ''}`).join(', ');
  const line = series === undefined ? '' : String(at(row, names, series) ?? '');
  // A cost is not known yet where there is none.
  if (place === undefined && !names.includes(x)) return [];
  // What has no number, as a network that learned alone, is a level line.
  if (typeof place !== 'number') return [{ ...spread, level: label, series: line }];
  return [{ ...spread, x: place, series: line, row: label }];
}

/**
 * Draws a metric over a number, or over a cost: mean ± standard deviation over seeds, a line a series.
 *
 * @param rows - rows of one stage
 * @param names - of their labels
 * @param axes - what is drawn over what
 * @returns the chart
 */
export function overChart(rows: readonly SweepRow[], names: readonly string[], axes: Axes): Chart {
  const { x, y, series } = axes;
  const isCost = !names.includes(x) && COSTS.includes(x);
  const points = rows.flatMap((row) => pointOf(row, names, axes));
  const lines = [...new Set(points.flatMap((point) => ('x' in point ? [point['series'] as string] : [])))];
  const yOf = (field: string): JsonObject => ({
    field,
    type: 'quantitative',
    title: titleText(y),
    scale: { zero: false },
  });
  const color: JsonObject =
    series === undefined
      ? { value: lineColours(1)[0] ?? '' }
      : {
          field: 'series',
          type: 'nominal',
          title: titleText(series),
          legend: { orient: 'top' },
          scale: { domain: lines, range: lineColours(lines.length) },
        };
  const spec = wideChart(260, {
    layer: [
      {
        transform: [{ filter: 'isValid(datum.level)' }],
        mark: { type: 'rule', strokeDash: [5, 4], tooltip: { content: 'data' } },
        encoding: { y: yOf('y') },
      },
      {
        transform: [{ filter: 'isValid(datum.x)' }],
        encoding: {
          x: {
            field: 'x',
            type: 'quantitative',
            title: titleText(x),
            scale: { ...(isCost ? { type: 'log' } : { zero: false }), nice: false, padding: 14 },
            axis: { tickCount: 8 },
          },
          color,
        },
        layer: [
          {
            transform: [{ filter: 'isValid(datum.low)' }],
            mark: { type: 'rule', strokeWidth: 1.5 },
            encoding: { y: yOf('low'), y2: { field: 'high' } },
          },
          { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { y: yOf('y') } },
          {
            mark: { type: 'point', filled: true, size: 45, opacity: 1, tooltip: { content: 'data' } },
            encoding: { y: yOf('y') },
          },
        ],
      },
    ],
  });
  return { title: `${y} over ${x}${series === undefined ? '' : `, a line a ${series}`}`, spec, points };
}

/** A place from 0 at the bottom to 1 at the top for each value of an axis. */
function scaleOf(values: readonly (Label | undefined)[]): (value: Label | undefined) => number | undefined {
  const there = values.filter((value) => value !== undefined);
  if (there.length > 0 && there.every((value) => typeof value === 'number')) {
    const low = there.reduce((least, value) => Math.min(least, value), Infinity);
    const high = there.reduce((most, value) => Math.max(most, value), -Infinity);
    return (value) => (typeof value === 'number' ? (high > low ? (value - low) / (high - low) : 0.5) : undefined);
  }
  const kinds = [...new Set(there.map(String))].sort((one, other) => other.localeCompare(one, 'en', { numeric: true }));
  return (value) => {
    const place = kinds.indexOf(String(value));
    return place < 0 ? undefined : kinds.length > 1 ? place / (kinds.length - 1) : 0.5;
  };
}

/** What stands beside an axis: each kind of text, or the ends of numbers. */
function marksOf(name: string, values: readonly (Label | undefined)[]): readonly JsonObject[] {
  const scale = scaleOf(values);
  const kinds = [...new Set(values.filter((value) => value !== undefined))];
  const isNumeric = kinds.every((value) => typeof value === 'number');
  const shown =
    kinds.length <= 8 || !isNumeric ? kinds.slice(0, 12) : kinds.filter((value) => [0, 1].includes(scale(value) ?? -1));
  return shown.map((value) => ({
    mark: typeof value === 'number' ? String(Number(value.toPrecision(4))) : value,
    axis: name,
    place: scale(value) ?? 0,
  }));
}

/** An axis of parallel coordinates, with a value a row. */
interface Column {
  readonly axis: string;
  readonly values: readonly (Label | undefined)[];
}

/** Where the line of each row crosses each axis. */
function linesOf(rows: readonly SweepRow[], columns: readonly Column[], metric: string): readonly JsonObject[] {
  const means = rows.map((row) => measuredOf(row, metric).mean);
  return columns.flatMap(({ axis, values }) => {
    const scale = scaleOf(values);
    return values.map((value, row) => ({
      axis,
      row,
      place: scale(value) ?? null,
      value: value ?? null,
      metric: means[row] ?? null,
    }));
  });
}

/**
 * Draws rows as parallel coordinates (Inselberg 1985): a line a row, from axis to axis, coloured by a metric.
 *
 * @param rows - rows of one stage
 * @param names - of their labels; each in which rows differ is an axis
 * @param metric - dotted path: the last axis
 * @returns the chart; of more rows than can be drawn the first
 */
export function parallelChart(rows: readonly SweepRow[], names: readonly string[], metric: string): Chart {
  const varying = varyingNames(rows, names);
  const drawn = rows.filter((row) => measuredOf(row, metric).n > 0).slice(0, mostRows);
  const axes = [...varying, metric];
  const valuesOf = (axis: string): readonly (Label | undefined)[] =>
    drawn.map((row) => (axis === metric ? measuredOf(row, metric).mean : at(row, names, axis)));
  const columns = axes.map((axis) => ({ axis, values: valuesOf(axis) }));
  const lines = linesOf(drawn, columns, metric);
  const x: JsonObject = {
    field: 'axis',
    type: 'nominal',
    sort: axes,
    title: null,
    scale: { domain: axes, padding: 0.3 },
    axis: { labelAngle: 0, domain: false, ticks: false, labelPadding: 8 },
  };
  const y: JsonObject = { field: 'place', type: 'quantitative', axis: null, scale: { domain: [0, 1] } };
  const spec = wideChart(240, {
    layer: [
      {
        transform: [{ filter: 'isValid(datum.mark)' }],
        mark: { type: 'rule' },
        encoding: { x, y: { value: 0 }, y2: { value: 'height' } },
      },
      {
        transform: [{ filter: '!isValid(datum.mark) && isValid(datum.place)' }],
        mark: { type: 'line', strokeWidth: 1.5, opacity: drawn.length > 100 ? 0.3 : 0.75 },
        encoding: {
          x,
          y,
          detail: { field: 'row' },
          color: {
            field: 'metric',
            type: 'quantitative',
            title: titleText(metric),
            scale: { scheme: 'viridis', zero: false },
          },
        },
      },
      {
        transform: [{ filter: 'isValid(datum.mark)' }],
        mark: { type: 'text', style: 'halo', align: 'left', dx: 6, fontSize: 10, limit: 120 },
        encoding: { x, y, text: { field: 'mark', type: 'nominal' } },
      },
      {
        transform: [{ filter: 'isValid(datum.mark)' }],
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 10, limit: 120 },
        encoding: { x, y, text: { field: 'mark', type: 'nominal' } },
      },
    ],
  });
  const marks = columns.flatMap(({ axis, values }) => marksOf(axis, values));
  return { title: `parallel coordinates of ${varying.join(', ')} and ${metric}`, spec, points: [...lines, ...marks] };
}
