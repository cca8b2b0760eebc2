import type { Json, JsonObject } from '../../core/json.ts';
import type { CellId, Plan, TablePlan } from '../../core/plan.ts';
import type { Stop } from '../../core/search.ts';
import { failed, success, type Result } from '../../core/result.ts';
import { baselines, type Baselines } from '../rows/baseline.ts';
import { bestRow } from './best.ts';
import { compareView, differenceViews } from './difference-view.ts';
import { experimentText } from '../rows/experiment.ts';
import type { RowGroup } from '../../cells/row-groups.ts';
import { searchTallies, stoppedCells } from '../../core/searches.ts';
import { reachable, type CellIndex } from '../../cells/lookup.ts';
import { lowerIsBetter, metricHead } from '../../core/metrics.ts';
import { footnotes, type Told } from './notes.ts';
import { decimalsOf, measuredText, missing, numberText } from './number-text.ts';
import { cellAxes, type Sample } from '../rows/pairing.ts';
import type { PublishedRow } from '../rows/published.ts';
import { placePublishedRows } from './published-view.ts';
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
import type { ColumnView, Provenance, RowView, TableView, ValueView } from './view.ts';

/** What a table says beside its numbers. */
export interface ViewContext {
  readonly provenance: Provenance;
  /** See {@link TableView.runsFolder}. */
  readonly runsFolder: string;
  /** Numbers of others. */
  readonly published: readonly PublishedRow[];
}

/** One metric of all rows: the values as they are, and the numbers on their axes. */
interface Measured {
  readonly column: ColumnView;
  readonly metrics: readonly (readonly (Json | undefined)[])[];
  readonly samples: readonly (readonly Sample[])[];
}

/** A row, and why searches went on without all of its cells; where they did without some, it has the others alone. */
interface OurRow extends RowGroup {
  readonly stop?: Stop;
}

/** What searches have stopped is no missing run. */
function withoutStopped(row: RowGroup, stopped: ReadonlyMap<CellId, Stop>): OurRow {
  const cells = row.cells.filter(({ id }) => !stopped.has(id));
  const stop = row.cells.flatMap(({ id }) => stopped.get(id) ?? [])[0];
  return cells.length > 0 ? { ...row, cells } : { ...row, ...(stop && { stop }) };
}

/** Reads one metric of all rows. */
function measure(rows: readonly RowGroup[], column: string, read: { index: CellIndex; outcomes: Outcomes }): Measured {
  const metrics = rows.map((row) => rowMetrics(row, read.outcomes, column));
  const samples = rows.map((row, at) => {
    const values = metrics[at] ?? [];
    // A row that has a text among its numbers has no mean, and is compared with none.
    const isNumeric = values.every((value) => value === undefined || typeof value === 'number');
    return row.cells.map((cell, cellAt): Sample => {
      const value = values[cellAt];
      return { axes: cellAxes(read.index, cell), value: isNumeric && typeof value === 'number' ? value : undefined };
    });
  });
  const decimals = decimalsOf(metrics.flat().filter((value) => typeof value === 'number'));
  const view = { name: column, head: metricHead(column), lowerIsBetter: lowerIsBetter(column), decimals };
  return { column: view, metrics, samples };
}

/** A value that has no mean, as a table shows it. */
function shownValue(value: Json, decimals: number): string {
  if (typeof value === 'number') return numberText(value, decimals);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One metric of one row: mean and deviation of numbers, or the distinct values where not all are numbers. */
function valueView(column: ColumnView, metrics: readonly (Json | undefined)[], best: boolean): ValueView {
  const there = metrics.filter((value) => value !== undefined);
  const numbers = there.filter((value) => typeof value === 'number');
  const counts = { column: column.name, n: there.length, expected: metrics.length, best, difference: null };
  if (numbers.length > 0 && numbers.length === there.length) {
    const average = mean(numbers);
    const sd = sampleDeviation(numbers) ?? null;
    const text = measuredText({ mean: average, sd, n: there.length, expected: metrics.length }, column.decimals);
    return { ...counts, text, mean: average, sd };
  }
  const texts = [...new Set(there.map((value) => shownValue(value, column.decimals)))];
  const share = there.length > 0 && there.length < metrics.length ? ` (${there.length}/${metrics.length})` : '';
  return { ...counts, text: texts.length === 0 ? missing : texts.join(', ') + share, mean: null, sd: null };
}

/** What stands in a row whose trial was stopped: nothing is missing. */
const stoppedView = ({ name }: ColumnView, text: string): ValueView => ({
  ...{ column: name, text, mean: null, sd: null, n: 0, expected: 0, best: false, difference: null },
});

/** The runs that computed a row, oldest first: ids of runs begin with their start. */
function runsOf(group: RowGroup, outcomes: Outcomes): readonly string[] {
  return [...new Set(group.cells.flatMap(({ id }) => outcomes.get(id)?.run ?? []))].sort();
}

/** The rows of ours. */
function ourRows(groups: readonly OurRow[], measured: readonly Measured[], outcomes: Outcomes): readonly RowView[] {
  const best = measured.map(({ samples, column }) => bestRow(samples, column.lowerIsBetter));
  return groups.map((group, at) => ({
    labels: group.labels,
    experiment: experimentText(group.labels),
    values: measured.map(({ column, metrics }, columnAt) =>
      group.stop
        ? stoppedView(column, columnAt === 0 ? `stopped: ${group.stop.brief}` : '')
        : valueView(column, metrics[at] ?? [], best[columnAt] === at),
    ),
    difference: null,
    origin: 'this run',
    source: null,
    runs: runsOf(group, outcomes),
  }));
}

/** What computed the cells of the table and those that they come of, and in which precision where they asked for half. */
function computedBy(index: CellIndex, table: TablePlan, outcomes: Outcomes): Pick<Told, 'precisions' | 'engines'> {
  const found = [...reachable(index, tableCells(index, table))].flatMap(({ id }) => outcomes.get(id) ?? []);
  return {
    precisions: new Set(found.flatMap(({ amp }) => amp ?? [])),
    engines: new Set(found.flatMap(({ engines = [] }) => engines)),
  };
}

/**
 * Makes a table of a plan and its results. Pure: equal results give an equal table.
 *
 * @param plan - the plan
 * @param table - one of its tables
 * @param outcomes - results by cell; cells without one are missing runs
 * @param context - what the table says beside its numbers
 * @returns the table as data; failures for row and column names that nothing has, for an unclear baseline, and for published rows that
 *   match more than one row
 */
export function tableView(plan: Plan, table: TablePlan, outcomes: Outcomes, context: ViewContext): Result<TableView> {
  const index = cellIndex(plan);
  const declared = rowGroups(index, table);
  if (!declared.ok) return declared;
  const metricsOf = (cell: CellId): JsonObject | undefined => outcomes.get(cell)?.metrics;
  const stopped = stoppedCells(plan, metricsOf);
  const groups = declared.value.map((row) => withoutStopped(row, stopped));
  const unknown = unknownColumns(table, tableCells(index, table), outcomes);
  const found = table.compare ? baselines(index, table, groups) : success<Baselines>(new Map());
  if (!found.ok) return failed([...unknown, ...found.failures]);
  if (unknown.length > 0) return failed(unknown);
  const read = { index, outcomes };
  const measured = table.columns.map((column) => measure(groups, column, read));
  const on = table.compare && measure(groups, table.compare.on, read);
  const differences = on ? differenceViews(groups, on, found.value, table.compare.correction) : [];
  const ours = ourRows(groups, measured, outcomes).map((row, at) => ({
    ...row,
    difference: differences[at] ?? null,
  }));
  const columns = measured.map(({ column }) => column);
  const placed = placePublishedRows(ours, context.published, { table, index, groups: groups, columns, outcomes });
  if (!placed.ok) return placed;
  const rows = placed.value;
  const compare = table.compare ? compareView(table.compare) : null;
  const over = averagedAxes(index, groups, table.over);
  const stages = new Set([...reachable(index, tableCells(index, table))].map(({ stage }) => stage));
  const tallies = searchTallies(plan, metricsOf).filter(({ stage }) => stages.has(stage));
  return success({
    name: table.name,
    title: table.title ?? null,
    pipeline: plan.name,
    rowNames: table.rows,
    columns,
    rows,
    compare,
    hasPublished: context.published.length > 0,
    over,
    notes: footnotes(rows, { compare, over, tallies, ...computedBy(index, table, outcomes) }),
    provenance: context.provenance,
    runsFolder: context.runsFolder,
  });
}
