import type { RowComparison, RunComparison } from '../../dashboard/data/compare-runs.ts';
import {
  methodText,
  verdictOf,
  type MetricDifference,
  type ParameterDifference,
} from '../../dashboard/data/compare.ts';
import { decimalsOf, measuredText, pText, signedText, type Measured } from '../../report/tables/number-text.ts';
import { oneLine } from '../../ui/progress-text.ts';
import { differingParts } from '../../util/differing-part.ts';
import { truncate } from '../../util/display-width.ts';
import { pluralize } from '../../util/text.ts';
import { columns } from '../terminal.ts';

/** Stands where a side has nothing. */
const nothing = '–';

/** Most columns of a value. */
const longestValue = 60;

/** Most cells of one side that are named. */
const namedCells = 5;

/**
 * A difference as columns.
 *
 * @param difference - of two rows
 * @param decimals - digits after the point
 * @returns the difference, its interval, p-value and verdict; `–` for what is not known
 */
export function differenceCells(difference: MetricDifference, decimals: number): readonly string[] {
  const { comparison } = difference;
  const judged = comparison?.judged;
  return [
    comparison ? signedText(comparison.mean, decimals) : nothing,
    judged ? `[${signedText(judged.low, decimals)}, ${signedText(judged.high, decimals)}]` : nothing,
    [judged && pText(judged.p), verdictOf(difference)].filter(Boolean).join(' '),
  ];
}

/** A metric of both, the difference and its interval, as columns. */
function metricCells(difference: MetricDifference): readonly string[] {
  const { name, ours, theirs } = difference;
  const decimals = decimalsOf([ours.mean, theirs.mean].filter((value) => !Number.isNaN(value)));
  return [name, measuredText(ours, decimals), measuredText(theirs, decimals), ...differenceCells(difference, decimals)];
}

const metricHeads = ['A', 'B', 'A − B', '95 % interval', ''];

/** Lines without blanks at their ends. */
const laidOut = (rows: readonly (readonly string[])[]): string => columns(rows).replace(/ +$/gm, '');

/** A parameter of both; of long texts the part that differs. */
function parameterCells({ name, ours = nothing, theirs = nothing }: ParameterDifference): readonly string[] {
  const parts = differingParts(oneLine(ours), oneLine(theirs), longestValue);
  return [name, ...parts.map((part) => truncate(part, longestValue))];
}

/**
 * Writes how two rows differ.
 *
 * @param parameters - in which they differ
 * @param metrics - of both
 * @returns lines
 */
export function rowsText(parameters: readonly ParameterDifference[], metrics: readonly MetricDifference[]): string {
  const differ =
    parameters.length > 0
      ? laidOut([['parameter', 'A', 'B'], ...parameters.map(parameterCells)])
      : 'their parameters are equal';
  const table =
    metrics.length > 0
      ? `${laidOut([['metric', ...metricHeads], ...metrics.map(metricCells)])}\n\n${methodText(metrics)}`
      : 'neither side has a metric';
  return `${differ}\n\n${table}`;
}

/** Cells that one side alone has. */
function onlyText(side: string, cells: readonly string[]): readonly string[] {
  if (cells.length === 0) return [];
  const more = cells.length > namedCells ? `, and ${cells.length - namedCells} more` : '';
  return [`${pluralize(cells.length, 'cell')} only in ${side}: ${cells.slice(0, namedCells).join(', ')}${more}`];
}

/** Rows of runs, each metric a line. */
function runRowsText(rows: readonly RowComparison[]): string {
  const lines = rows.flatMap(({ stage, row, metrics }) => metrics.map((one) => [stage, row, ...metricCells(one)]));
  return laidOut([['stage', 'row', 'metric', ...metricHeads], ...lines]);
}

/**
 * Writes how two runs differ.
 *
 * @param comparison - of the runs
 * @returns lines
 */
export function runsText(comparison: RunComparison): string {
  const { parameters, onlyOurs, onlyTheirs, rows, same } = comparison;
  const lines = parameters.map((one) => [one.stage, ...parameterCells(one), pluralize(one.cells, 'cell')]);
  const parts = [
    lines.length > 0
      ? laidOut([['stage', 'parameter', 'A', 'B', ''], ...lines])
      : 'cells that both have have equal parameters',
    [...onlyText('A', onlyOurs), ...onlyText('B', onlyTheirs)].join('\n'),
    rows.length > 0 ? `${runRowsText(rows)}\n\n${methodText(rows.flatMap(({ metrics }) => metrics))}` : '',
    same > 0 ? `${pluralize(same, 'row')} of the same results on both sides` : '',
    rows.length === 0 && same === 0 ? 'no row of both has a metric' : '',
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const numberJson = ({ mean, sd, n, expected }: Measured): object | null => (n > 0 ? { mean, sd, n, expected } : null);

/**
 * A parameter that differs as `--json` has it.
 *
 * @param difference - of two cells
 * @returns name, and values as texts; null where a side has none
 */
export function parameterJson(difference: ParameterDifference): object {
  const { name, ours, theirs } = difference;
  return { name, a: ours ?? null, b: theirs ?? null };
}

/**
 * A metric of both as `--json` has it.
 *
 * @param difference - of two rows
 * @returns both sides, a − b, and what is known of its certainty
 */
export function metricJson(difference: MetricDifference) {
  const { name, lowerIsBetter, ours, theirs, comparison } = difference;
  const { judged } = comparison ?? {};
  return {
    name,
    lowerIsBetter,
    a: numberJson(ours),
    b: numberJson(theirs),
    difference: comparison
      ? {
          mean: comparison.mean,
          low: judged?.low ?? null,
          high: judged?.high ?? null,
          p: judged?.p ?? null,
          method: comparison.method,
          pairedBy: comparison.pairedBy,
          n: comparison.n,
        }
      : null,
    verdict: verdictOf(difference) || null,
  };
}
