import type { Failure } from '../../core/failure.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { CellReference, type Cell, type CellId, type Key, type Plan, type TablePlan } from '../../core/plan.ts';
import { failed, success, type Result } from '../../core/result.ts';
import { nameAdvice } from '../../util/text.ts';
import { averagedOver, FactorIndex, seedAxis } from '../../cells/factors.ts';
import { rowsOf, type RowGroup } from '../../cells/row-groups.ts';
import { knownNames, lookUp, type CellIndex } from '../../cells/lookup.ts';
import { metricAt, metricPaths } from '../../core/metrics.ts';

/** What a cell's result says, and which run computed it. Cells without a result have none. */
export interface Outcome {
  readonly metrics: JsonObject;
  readonly key: Key;
  /** Id of the run that computed the result, which may be older than the one that reports it. */
  readonly run: string;
  /** Precision that a stage which asked for half precision ran in: `bfloat16`, `float32`, or `mixed`. */
  readonly amp?: string;
  /** What computed it: `native`, `pytorch on NVIDIA H200`; several where a training went on elsewhere; only of stages that run a network. */
  readonly engines?: readonly string[];
}

/** What rows are made for. */
export interface RowsPlan extends Pick<TablePlan, 'name' | 'cells' | 'rows'> {
  /** What messages call it; a table by default. */
  readonly what?: 'table' | 'plot';
}

/** Results by cell. */
export type Outcomes = ReadonlyMap<CellId, Outcome>;

/**
 * Indexes a plan's cells.
 *
 * @param plan - the plan
 * @returns cells by id
 */
export function cellIndex(plan: Plan): CellIndex {
  return new Map(plan.cells.map((cell) => [cell.id, cell]));
}

/**
 * Finds a table's cells.
 *
 * @param index - the plan's cells
 * @param table - a table of the same plan
 * @returns the cells, in plan order
 */
export function tableCells(index: CellIndex, table: Pick<TablePlan, 'name' | 'cells'>): readonly Cell[] {
  return table.cells.map((id) => {
    const cell = index.get(id);
    if (!cell) throw new Error(`table ${table.name} reads ${id}, which the plan does not have`);
    return cell;
  });
}

/** What messages call it. */
const whatOf = ({ what = 'table', name }: RowsPlan): string => `${what} ${name}`;

/** The names of `rows` that no cell has. */
function unknownRowNames(index: CellIndex, table: RowsPlan, cells: readonly Cell[]): readonly Failure[] {
  const unknown = table.rows.filter((name) => cells.every((cell) => lookUp(index, cell, name) === undefined));
  return unknown.map((name) => unknownName(index, cells, { what: whatOf(table), name, where: 'rows' }));
}

/** A name that a table uses, and where it stands. */
export interface UsedName {
  /** `table results`. */
  readonly what: string;
  readonly name: string;
  /** `rows` or `compare.baseline`. */
  readonly where: string;
}

/**
 * The failure for a name that no cell of a table has.
 *
 * @param index - the plan's cells
 * @param cells - the table's cells
 * @param asked - the name
 * @returns a failure with the nearest known names
 */
export function unknownName(index: CellIndex, cells: readonly Cell[], asked: UsedName): Failure {
  const { what, name, where } = asked;
  const prefix = name.slice(0, name.lastIndexOf('.') + 1);
  const known = new Set<string>();
  for (const cell of cells) {
    const via = prefix === '' ? undefined : lookUp(index, cell, prefix.slice(0, -1));
    const through = via instanceof CellReference ? index.get(via.cell) : undefined;
    for (const near of knownNames(index, [through ?? cell])) known.add(through ? prefix + near : near);
  }
  const fix = nameAdvice(name, known);
  return {
    code: 'unknown-row-name',
    message: `${what}: no cell has "${name}", named in ${where}`,
    expected: 'an axis or a parameter of the cells of `from`, or of a cell that they refer to',
    ...(fix === undefined ? {} : { fix }),
  };
}

/**
 * Groups a table's cells into rows: cells that agree in every name of `rows`, but for seeds of the cells that they name, are
 * one row, and everything else is aggregated: the seeds, and what the pipeline says (`planTable` refuses more).
 *
 * @param index - the plan's cells
 * @param table - the table
 * @returns rows in the order in which the plan first shows them; failures for names that no cell has
 */
export function rowGroups(index: CellIndex, table: RowsPlan): Result<readonly RowGroup[]> {
  const cells = tableCells(index, table);
  const failures = unknownRowNames(index, table, cells);
  if (failures.length > 0) return failed(failures);
  return success(rowsOf(index, new FactorIndex(index), cells, table.rows));
}

/**
 * Reads one metric of a row's cells.
 *
 * @param group - the row
 * @param outcomes - results by cell
 * @param column - dotted path of the metric
 * @returns one value a cell, in the row's order; undefined where the cell has no result or the result no such metric
 */
export function rowMetrics(group: RowGroup, outcomes: Outcomes, column: string): readonly (Json | undefined)[] {
  return group.cells.map(({ id }) => {
    const outcome = outcomes.get(id);
    const value = outcome && metricAt(outcome.metrics, column);
    return value === null ? undefined : value;
  });
}

/**
 * Finds columns that are wrong for certain: every stage of the table has a result, and no result has the metric.
 *
 * @param table - the table
 * @param cells - its cells
 * @param outcomes - results by cell
 * @returns a failure for each such column
 */
export function unknownColumns(
  table: RowsPlan & Pick<TablePlan, 'columns' | 'compare'>,
  cells: readonly Cell[],
  outcomes: Outcomes,
): readonly Failure[] {
  const found = cells.flatMap((cell) => {
    const outcome = outcomes.get(cell.id);
    return outcome ? [{ stage: cell.stage, metrics: outcome.metrics }] : [];
  });
  const reported = new Set(found.map(({ stage }) => stage));
  if (found.length === 0 || cells.some(({ stage }) => !reported.has(stage))) return [];
  const asked = new Set([...table.columns, ...(table.compare ? [table.compare.on] : [])]);
  const unknown = [...asked].filter((name) => found.every(({ metrics }) => metricAt(metrics, name) === undefined));
  const known = new Set(unknown.length > 0 ? found.flatMap(({ metrics }) => metricPaths(metrics)) : []);
  return unknown.map((name) => {
    const fix = nameAdvice(name, known);
    return {
      code: 'unknown-column',
      message: `${whatOf(table)}: no result has the metric "${name}"`,
      expected: 'the dotted path of a metric that the cells of `from` report',
      ...(fix === undefined ? {} : { fix }),
    };
  });
}

/**
 * Says over what the means of rows are taken.
 *
 * @param index - the plan's cells
 * @param groups - the rows
 * @param over - what the pipeline names beside the seeds
 * @returns names of axes in which cells of one row differ
 */
export function averagedAxes(
  index: CellIndex,
  groups: readonly RowGroup[],
  over: readonly string[] = [],
): readonly string[] {
  const factors = new FactorIndex(index);
  const rows = groups.map(({ cells }) => cells.map((cell) => factors.of(cell)));
  return averagedOver(rows, [...new Set([seedAxis, ...over])]);
}
