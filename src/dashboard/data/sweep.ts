import type { Measured } from '../../report/tables/number-text.ts';
import { mean, sampleDeviation } from '../../report/rows/statistics.ts';
import type { CellData, Label, RunData, StageData } from './run-data.ts';

/** A row of the table of a stage: one cell, or all that differ in their seeds alone. */
export interface SweepRow {
  /** The same while the plan is. */
  readonly key: string;
  /** By the order of {@link StageData.names}. */
  readonly labels: readonly Label[];
  readonly cells: readonly CellData[];
  /** How many of its cells are in which state. */
  readonly states: ReadonlyMap<string, number>;
}

/**
 * The mean of a metric, as tables of a README have it.
 *
 * @param row - of a stage
 * @param metric - dotted path
 * @returns mean and sample standard deviation over the cells that have it
 */
export function measuredOf(row: SweepRow, metric: string): Measured {
  const { cells } = row;
  const values = cells.flatMap(({ progress }) => progress.metrics?.[metric] ?? []);
  const sd = sampleDeviation(values) ?? null;
  return { mean: values.length > 0 ? mean(values) : NaN, sd, n: values.length, expected: cells.length };
}

function rowOf(key: string, labels: readonly Label[], cells: readonly CellData[]): SweepRow {
  const states = new Map<string, number>();
  for (const { progress } of cells) states.set(progress.state, (states.get(progress.state) ?? 0) + 1);
  return { key, labels, cells, states };
}

/**
 * The rows of a stage.
 *
 * @param run - the run, as it is now
 * @param run.cells - all cells of the plan
 * @param stage - one of its stages
 * @param grouped - true for a row for all seeds, false for a row for each cell
 * @returns rows in the order of the plan
 */
export function sweepRows({ cells }: Pick<RunData, 'cells'>, stage: StageData, grouped: boolean): readonly SweepRow[] {
  return stage.rows.flatMap(({ labels, cells: places }) => {
    const own = places.flatMap((place) => cells[place] ?? []);
    const first = own[0]?.id ?? '';
    return grouped ? [rowOf(first, labels, own)] : own.map((cell) => rowOf(cell.id, labels, [cell]));
  });
}

/**
 * The metrics that any of some rows has: those that the pipeline shows first, then by name.
 *
 * @param rows - rows of one stage
 * @param shown - what the pipeline's tables show of it
 * @returns dotted paths, each once
 */
export function metricNames(rows: readonly Pick<SweepRow, 'cells'>[], shown: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const { cells } of rows)
    for (const { progress } of cells) for (const name of Object.keys(progress.metrics ?? {})) found.add(name);
  return [...shown.filter((name) => found.has(name)), ...[...found].filter((name) => !shown.includes(name))];
}

/**
 * The stage that is looked at first.
 *
 * @param stages - of a run
 * @returns the last one that a table or a plot shows, else the last that evaluates, else the last
 */
export function firstStage(stages: readonly StageData[]): StageData | undefined {
  return (
    stages.findLast(({ shown }) => shown.length > 0) ??
    stages.findLast(({ kind }) => kind === 'evaluate') ??
    stages.at(-1)
  );
}

/** A condition of a filter. */
type Test = (row: SweepRow) => boolean;

const comparisons: Readonly<Record<string, (one: number, other: number) => boolean>> = {
  '<': (one, other) => one < other,
  '<=': (one, other) => one <= other,
  '>': (one, other) => one > other,
  '>=': (one, other) => one >= other,
};

/** The values of the cells of a row on an axis behind them: their seeds. */
function axisValues({ cells }: SweepRow, name: string): readonly Label[] {
  return cells.flatMap(({ axes }) => {
    const text = Object.hasOwn(axes, name) ? axes[name] : undefined;
    const value: unknown = text?.startsWith('json ') ? JSON.parse(text.slice('json '.length)) : text;
    return typeof value === 'number' || typeof value === 'string' ? [value] : [];
  });
}

/** What a row has under a name: a label, its states, the mean of a metric, or values on an axis. */
function valuesOf(row: SweepRow, names: readonly string[], name: string): readonly Label[] {
  const label = row.labels[names.indexOf(name)];
  if (label !== undefined) return [label];
  if (name === 'state') return [...row.states.keys()];
  const { mean: value, n } = measuredOf(row, name);
  return n > 0 ? [value] : axisValues(row, name);
}

/** One word of a filter: `kd_ratio>0.5`, `model=resnet8`, or a part of any label, state or cell. */
function testOf(word: string, names: readonly string[]): Test {
  const [, name = '', sign = '', wanted = ''] = /^([^<>=]+)(<=|>=|<|>|=)(.+)$/.exec(word) ?? [];
  const lower = word.toLowerCase();
  if (sign === '=') {
    const text = wanted.toLowerCase();
    return (row) => valuesOf(row, names, name).some((value) => String(value).toLowerCase() === text);
  }
  const compare = comparisons[sign];
  if (compare)
    return (row) =>
      valuesOf(row, names, name).some((value) => typeof value === 'number' && compare(value, Number(wanted)));
  return ({ labels, states, cells }) =>
    [...labels, ...states.keys()].some((text) => String(text).toLowerCase().includes(lower)) ||
    cells.some(({ id }) => id.toLowerCase().includes(lower));
}

/**
 * Keeps the rows that a filter names.
 *
 * @param rows - rows of one stage
 * @param names - of their labels
 * @param text - words, all of which have to hold: `kd_method=AT kd_ratio>0.5 test.accuracy>=0.9 failed`
 * @returns the rows, in their order
 */
export function filterRows(rows: readonly SweepRow[], names: readonly string[], text: string): readonly SweepRow[] {
  const tests = text.split(/\s+/).flatMap((word) => (word === '' ? [] : [testOf(word, names)]));
  return tests.length === 0 ? rows : rows.filter((row) => tests.every((test) => test(row)));
}

/** How rows are sorted: by a name of their labels, a metric or `state`. */
export interface Sorting {
  readonly by: string;
  readonly descending: boolean;
}

const byValue = (one: Label, other: Label): number =>
  typeof one === 'number' && typeof other === 'number'
    ? one - other
    : String(one).localeCompare(String(other), 'en', { numeric: true });

/**
 * Sorts rows; those without a value come last either way.
 *
 * @param rows - rows of one stage
 * @param names - of their labels
 * @param sorting - by what; the order of the plan where it is undefined
 * @returns the rows
 */
export function sortRows(
  rows: readonly SweepRow[],
  names: readonly string[],
  sorting: Sorting | undefined,
): readonly SweepRow[] {
  if (!sorting) return rows;
  const keyed = rows.map((row) => ({ row, value: valuesOf(row, names, sorting.by)[0] }));
  keyed.sort((one, other) => {
    if (one.value === undefined || other.value === undefined)
      return Number(one.value === undefined) - Number(other.value === undefined);
    return byValue(one.value, other.value) * (sorting.descending ? -1 : 1);
  });
  return keyed.map(({ row }) => row);
}
