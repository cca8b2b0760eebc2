import type { PlannedCell } from '../../cells/carry.ts';
import { inFile, valueAdvice } from '../../cells/nearest.ts';
import { rowsOf, type RowGroup } from '../../cells/row-groups.ts';
import { plainJson } from '../../cells/labels.ts';
import { hasValues } from '../../cells/row-match.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { corrections, type Comparing } from '../../core/plan.ts';
import { formatList, withNameAdvice } from '../../util/text.ts';
import type { CompareSpec, TableSpec } from '../read/spec.ts';
import { inside, type Located } from '../source/location.ts';
import type { Problem, Problems } from '../source/problems.ts';
import type { TableContext } from './check-names.ts';

function checkCorrection(written: CompareSpec['correction'], problems: Problems): void {
  if (!written || corrections.some((one) => one === written.value)) return;
  const message = `there is no correction ${JSON.stringify(written.value)}`;
  const expected = `${formatList(corrections)}; without one p-values are not corrected`;
  const problem = { code: 'unknown-correction', message, expected, location: written.location };
  problems.add(withNameAdvice(problem, written.value, corrections));
}

/**
 * Notes what is wrong with the names of `compare`.
 *
 * @param table - the table as written
 * @param problems - takes what is wrong
 */
export function checkCompare(table: TableSpec, problems: Problems): void {
  const { compare, rows, columns, name } = table;
  if (!compare) return;
  const { baseline, on, correction } = compare;
  checkCorrection(correction, problems);
  if (Object.keys(baseline.value).length === 0) {
    problems.add({
      code: 'empty-baseline',
      message: `the baseline of table ${name} names no row`,
      expected: 'baseline: { row: value }',
      location: baseline.location,
    });
  }
  const rowNames = rows.map(({ value }) => value);
  for (const key of Object.keys(baseline.value)) {
    if (rowNames.includes(key)) continue;
    const problem = {
      code: 'unknown-row',
      message: `${JSON.stringify(key)} is not one of the rows`,
      location: inside(baseline.location, key),
      atKey: true,
    };
    problems.add(withNameAdvice(problem, key, rowNames));
  }
  const columnNames = columns.map(({ value }) => value);
  if (columnNames.includes(on.value)) return;
  const problem = {
    code: 'unknown-column',
    message: `${JSON.stringify(on.value)} is not one of the columns`,
    location: on.location,
  };
  problems.add(withNameAdvice(problem, on.value, columnNames));
}

/**
 * What a table compares, for the plan.
 *
 * @param compare - as written
 * @returns the same without places
 */
export function comparingOf(compare: CompareSpec): Comparing {
  const { baseline, on, correction: written } = compare;
  const correction = corrections.find((one) => one === written?.value);
  return { baseline: baseline.value, on: on.value, ...(correction === undefined ? {} : { correction }) };
}

/**
 * Puts the names that cells have in the place of synonyms.
 *
 * @param baseline - as written
 * @param context - knows what is meant
 * @returns the baseline as cells name it
 */
export function meantBaseline(baseline: Located<JsonObject>, context: TableContext): Located<JsonObject> {
  const values = Object.entries(baseline.value).map(
    ([name, value]) => [name, plainJson(context.meant(name, value))] as const,
  );
  return { ...baseline, value: Object.fromEntries(values) };
}

/** A baseline, and the names that make the rows among which it should be. */
export interface BaselineUse {
  /** `table results`. */
  readonly what: string;
  readonly baseline: Located<JsonObject>;
  readonly rows: readonly string[];
}

/** The values that rows have under a name, as a baseline names them. */
function valuesUnder(name: string, rows: readonly RowGroup[]): ReadonlySet<Json> {
  const labels = rows.flatMap((row) => row.labels.filter((label) => label.name === name));
  return new Set(labels.map(({ value, text }) => (typeof value === 'string' || value === null ? text : value)));
}

/** Why no row is a baseline, and where that is written. */
interface Unmatched extends Pick<Problem, 'location' | 'fix'> {
  readonly reason: string;
}

function whyUnmatched(
  { value: wanted, location }: Located<JsonObject>,
  rows: readonly RowGroup[],
  isThere: (wanted: JsonObject) => boolean,
): Unmatched {
  const wrong = Object.entries(wanted).find(([name, value]) => !isThere({ [name]: value }));
  if (!wrong) return { reason: 'each of its values is there, but no row has them together', location };
  const [name, value] = wrong;
  const fix = valueAdvice(value, valuesUnder(name, rows));
  const reason = `none has ${name}=${inFile(value)}`;
  return { reason, ...(fix === undefined ? {} : { fix }), location: inside(location, name) };
}

/**
 * Notes a baseline that no row has, at the value that is not there.
 *
 * @param use - the baseline, and where it is used
 * @param cells - the cells that are read
 * @param context - the planned stages, and what takes problems
 */
export function checkBaseline(use: BaselineUse, cells: readonly PlannedCell[], context: TableContext): void {
  const { world, factors, problems, stages } = context;
  const { what, baseline } = use;
  // Cells of a stage with problems may lack what the baseline names.
  if (stages.some((stage) => world.stage(stage)?.healthy !== true)) return;
  const all = cells.map(({ cell }) => cell);
  const rows = rowsOf(world.index, factors, all, use.rows);
  const isThere = (wanted: JsonObject): boolean => rows.some((row) => hasValues(world.index, row, wanted));
  if (isThere(baseline.value)) return;
  const { reason, ...hints } = whyUnmatched(baseline, rows, isThere);
  problems.add({
    code: 'unclear-baseline',
    message: `no row of ${what} is its baseline: ${reason}`,
    expected: 'values that a row has',
    ...hints,
  });
}
