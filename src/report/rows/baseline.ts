import type { Failure } from '../../core/failure.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { failed, failure, success, type Result } from '../../core/result.ts';
import type { TablePlan } from '../../core/plan.ts';
import { none } from '../../cells/labels.ts';
import { lookUp, type CellIndex } from '../../cells/lookup.ts';
import { groupText, hasValues } from '../../cells/row-match.ts';
import type { RowGroup } from '../../cells/row-groups.ts';
import { largest } from '../../util/extremes.ts';
import { unknownName } from './rows.ts';

/** For each row the row that it is compared with; undefined for the baselines themselves. */
export type Baselines = ReadonlyMap<RowGroup, RowGroup>;

/** A wanted value as text. */
function valueLabel(value: Json): string {
  if (value === null) return none;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * Writes what makes a baseline as a footnote shows it.
 *
 * @param baseline - names and values of `compare.baseline`
 * @returns e.g. `kd_method=none, model=resnet8`
 */
export function baselineText(baseline: JsonObject): string {
  return Object.entries(baseline)
    .map(([name, value]) => `${name}=${valueLabel(value)}`)
    .join(', ');
}

/** How many labels two rows share. */
const sharedLabels = (one: RowGroup, other: RowGroup): number =>
  one.labels.filter(({ text }, at) => text === other.labels[at]?.text).length;

/** The rows among the candidates that share most labels with a row. */
function nearest(group: RowGroup, candidates: readonly RowGroup[]): readonly RowGroup[] {
  const most = largest(candidates.map((candidate) => sharedLabels(group, candidate)));
  return candidates.filter((candidate) => sharedLabels(group, candidate) === most);
}

/** The failure for a baseline that no row, or more than one equally near row, answers to. */
function unclearBaseline(table: TablePlan, message: string, rows: readonly RowGroup[]): Failure {
  return {
    code: 'unclear-baseline',
    message: `table ${table.name}: ${message}`,
    expected: 'one row for each row that is compared with it',
    fix: `name more in compare.baseline; rows are ${rows.slice(0, 6).map(groupText).join(' | ')}`,
  };
}

/**
 * Finds the row that each row is compared with. Where several rows answer to `compare.baseline` (an undistilled run of
 * every model), each row is compared with the one that it shares most labels with.
 *
 * @param index - the plan's cells
 * @param table - a table with `compare`
 * @param groups - its rows
 * @returns the pairs; failures for unknown names, for no such row, and where two are equally near
 */
export function baselines(index: CellIndex, table: TablePlan, groups: readonly RowGroup[]): Result<Baselines> {
  const baseline = table.compare?.baseline ?? {};
  const cells = groups.flatMap((group) => group.cells);
  const unknown = Object.keys(baseline).filter((name) =>
    cells.every((cell) => lookUp(index, cell, name) === undefined),
  );
  if (unknown.length > 0) {
    const asked = unknown.map((name) => ({ what: `table ${table.name}`, name, where: 'compare.baseline' }));
    return failed(asked.map((name) => unknownName(index, cells, name)));
  }
  const candidates = groups.filter((group) => hasValues(index, group, baseline));
  if (candidates.length === 0) {
    return failure(unclearBaseline(table, `no row is ${baselineText(baseline)}, the baseline`, groups));
  }
  const found = new Map<RowGroup, RowGroup>();
  const failures: Failure[] = [];
  for (const group of groups) {
    if (candidates.includes(group)) continue;
    const [first, ...others] = nearest(group, candidates);
    if (first) found.set(group, first);
    if (others.length === 0) continue;
    const message = `${candidates.length} rows are ${baselineText(baseline)}, equally near to the row ${groupText(group)}`;
    failures.push(unclearBaseline(table, message, candidates));
  }
  return failures.length > 0 ? failed(failures) : success(found);
}
