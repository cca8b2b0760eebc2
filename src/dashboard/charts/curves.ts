import type { JsonObject } from '../../core/json.ts';
import { ink } from '../../report/plots/plot-spec.ts';
import type { CurveRow } from '../data/run-data.ts';
import { lineColours, wideChart, type Chart } from './chart.ts';

/** The course of one training. */
export interface Course {
  /** What its line is called. */
  readonly name: string;
  readonly rows: readonly CurveRow[];
}

/** A group of columns that share an axis. */
interface Panel {
  readonly title: string;
  readonly has: (column: string) => boolean;
}

/** The panels, in their order; what no panel has gets one of its own. */
const panels: readonly Panel[] = [
  { title: 'loss', has: (column) => column === 'train_loss' || column === 'val_loss' },
  { title: 'accuracy', has: (column) => column === 'val_accuracy' || column === 'val_mpa' },
  { title: 'distillation terms', has: (column) => column.startsWith('kd_loss') },
  { title: 'learning rate', has: (column) => column === 'lr' },
  { title: 'images/s', has: (column) => column === 'images_per_second' },
  { title: 'share of time', has: (column) => column === 'waiting_for_images' || column === 'bringing_images' },
];

/** Columns with numbers, in the order of the rows, without the one that they stand over. */
function numberColumns(courses: readonly Course[]): readonly string[] {
  const found = new Set<string>();
  for (const { rows } of courses)
    for (const row of rows)
      for (const [column, value] of Object.entries(row)) if (typeof value === 'number') found.add(column);
  found.delete('epoch');
  return [...found];
}

function pointsOf(courses: readonly Course[], columns: readonly string[]): readonly JsonObject[] {
  return courses.flatMap(({ name, rows }) =>
    rows.flatMap((row, at) =>
      columns.flatMap((column) => {
        const y = row[column];
        const { epoch } = row;
        return typeof y === 'number' ? [{ cell: name, column, x: typeof epoch === 'number' ? epoch : at, y }] : [];
      }),
    ),
  );
}

function curveChart(title: string, columns: readonly string[], courses: readonly Course[]): Chart {
  const names = courses.map(({ name }) => name);
  const isShort = courses.every(({ rows }) => rows.length < 3);
  const spec = wideChart(170, {
    mark: { type: 'line', strokeWidth: 1.5, point: isShort, tooltip: { content: 'data' } },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: 'epoch', axis: { tickMinStep: 1, grid: false } },
      y: {
        field: 'y',
        type: 'quantitative',
        title: null,
        scale: { zero: false },
      },
      color: {
        field: 'cell',
        type: 'nominal',
        legend: null,
        scale: { domain: names, range: lineColours(names.length) },
      },
      ...(columns.length > 1 && {
        strokeDash: {
          field: 'column',
          type: 'nominal',
          title: null,
          scale: { domain: columns },
          legend: {
            orient: 'bottom',
            columns: 3,
            symbolType: 'stroke',
            symbolSize: 300,
            symbolFillColor: 'transparent',
            symbolStrokeColor: ink.text,
          },
        },
      }),
    },
  });
  return { title: `${title} by epoch of ${names.join(', ')}`, spec, points: pointsOf(courses, columns) };
}

/** A chart with the name that stands over it. */
export interface NamedChart {
  readonly name: string;
  readonly chart: Chart;
}

/**
 * Draws trainings beside each other, a panel for each kind of number.
 *
 * @param courses - trainings, no more than lines can be told apart
 * @returns charts; none where no training has a row yet
 */
export function curveCharts(courses: readonly Course[]): readonly NamedChart[] {
  const columns = numberColumns(courses);
  const others = columns.filter((column) => !panels.some(({ has }) => has(column)));
  const all = [...panels, ...others.map((column) => ({ title: column, has: (name: string) => name === column }))];
  return all.flatMap(({ title, has }) => {
    const own = columns.filter(has);
    return own.length > 0 ? [{ name: title, chart: curveChart(title, own, courses) }] : [];
  });
}
