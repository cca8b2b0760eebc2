import type { CellId } from '../../core/plan.ts';
import { lowerIsBetter } from '../../core/metrics.ts';
import type { Measured } from '../../report/tables/number-text.ts';
import { rowName } from './cell-names.ts';
import { metricDifferences, paramsOf, referred, type MetricDifference } from './compare.ts';
import type { LiveRun } from './live-run.ts';
import type { StageData } from './run-data.ts';
import { measuredOf, sweepRows, type SweepRow } from './sweep.ts';

/** A row among others, by a metric. */
export interface RankedRow {
  /** From 1; rows of one mean have one rank, and the next one theirs left out. */
  readonly rank: number;
  readonly stage: string;
  /** What tells it from other rows of its stage. */
  readonly row: string;
  readonly cells: readonly CellId[];
  /** The networks that it measures; its own cells where it trains. */
  readonly networks: readonly CellId[];
  readonly measured: Measured;
  /** This row minus the best one; undefined for the best. */
  readonly behind: MetricDifference | undefined;
}

/** A row and its stage. */
interface Candidate {
  readonly stage: StageData;
  readonly row: SweepRow;
}

const has = ({ row }: Candidate, metric: string): boolean => measuredOf(row, metric).n > 0;

/** The rows to choose from: those with the metric, of the named cells, else of the last stage that a table shows with it. */
function candidatesIn(run: LiveRun, metric: string, among: ReadonlySet<CellId> | undefined): readonly Candidate[] {
  const all = run.stages.flatMap((stage) => sweepRows(run, stage, true).map((row) => ({ stage, row })));
  if (among)
    return all
      .map(({ stage, row }) => ({ stage, row: { ...row, cells: row.cells.filter(({ id }) => among.has(id)) } }))
      .filter((one) => has(one, metric));
  const found = all.filter((one) => has(one, metric));
  const chosen = found.findLast(({ stage }) => stage.shown.includes(metric)) ?? found.at(-1);
  return found.filter(({ stage }) => stage === chosen?.stage);
}

/** The networks whose numbers these are. */
function networksOf(run: LiveRun, { cells }: SweepRow): readonly CellId[] {
  return cells.map((cell) => referred(paramsOf({ run, cell })['of']) ?? cell.id);
}

/**
 * Ranks rows by a metric, seeds together.
 *
 * @param run - the run
 * @param metric - dotted path
 * @param among - cells to choose from; by default those of the last stage that a table shows with the metric, else of the last
 *   stage that has it
 * @returns rows, the best first; none where no cell has the metric
 */
export function rankRows(run: LiveRun, metric: string, among?: ReadonlySet<CellId>): readonly RankedRow[] {
  const sign = lowerIsBetter(metric) ? 1 : -1;
  const sorted = candidatesIn(run, metric, among)
    .map((one) => ({ ...one, measured: measuredOf(one.row, metric) }))
    .sort((a, b) => sign * (a.measured.mean - b.measured.mean));
  const best = sorted[0];
  return sorted.map(({ stage, row, measured }) => ({
    rank: 1 + sorted.findIndex((one) => one.measured.mean === measured.mean),
    stage: stage.id,
    row: rowName(row, stage),
    cells: row.cells.map(({ id }) => id),
    networks: networksOf(run, row),
    measured,
    behind: best && row !== best.row ? metricDifferences(row, best.row, [metric])[0] : undefined,
  }));
}

/**
 * Says whether a metric is one of the test split.
 *
 * @param metric - dotted path
 * @returns true for `test.accuracy` and what else stands under `test`
 */
export const isOfTest = (metric: string): boolean => metric.split('.').includes('test');
