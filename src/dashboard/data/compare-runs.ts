import type { CellId } from '../../core/plan.ts';
import { rowName } from './cell-names.ts';
import { metricDifferences, stageDifferences, type MetricDifference, type StageDifference } from './compare.ts';
import type { LiveRun } from './live-run.ts';
import type { CellData, StageData } from './run-data.ts';
import { firstStage, metricNames, sweepRows, type SweepRow } from './sweep.ts';

/** A row that two runs have, and how its metrics differ. */
export interface RowComparison {
  readonly stage: string;
  /** What tells it from other rows of the stage. */
  readonly row: string;
  readonly metrics: readonly MetricDifference[];
}

/** How two runs differ. */
export interface RunComparison {
  readonly parameters: readonly StageDifference[];
  /** Cells that only one of them has. */
  readonly onlyOurs: readonly CellId[];
  readonly onlyTheirs: readonly CellId[];
  readonly rows: readonly RowComparison[];
  /** How many rows have the same results on both sides: no number differs. */
  readonly same: number;
}

/** A stage that both have, and its rows. */
interface Both {
  readonly stage: StageData;
  readonly pairs: readonly (readonly [ours: SweepRow, theirs: SweepRow])[];
  /** What tables or plots of either show of it. */
  readonly shown: readonly string[];
}

/** Rows of a stage that share a cell. */
function bothOf(ours: LiveRun, theirs: LiveRun, stage: StageData): Both | undefined {
  const other = theirs.stages.find(({ id }) => id === stage.id);
  if (!other) return undefined;
  const byCell = new Map(
    sweepRows(theirs, other, true).flatMap((row) => row.cells.map(({ id }) => [id, row] as const)),
  );
  const pairs = sweepRows(ours, stage, true).flatMap((row) => {
    const found = row.cells.flatMap(({ id }) => byCell.get(id) ?? [])[0];
    return found ? [[row, found] as const] : [];
  });
  return { stage, pairs, shown: [...new Set([...stage.shown, ...other.shown])] };
}

/** Whether two rows are of the same results. */
function isSame(ours: SweepRow, theirs: SweepRow): boolean {
  const keys = ({ cells }: SweepRow): readonly (string | undefined)[] => cells.map(({ progress }) => progress.key);
  const [mine, other] = [keys(ours), keys(theirs)];
  return mine.length === other.length && mine.every((key, at) => key !== undefined && key === other[at]);
}

/** The stages whose numbers are compared: those that have what is asked for, else those that tables show. */
function comparedStages(all: readonly Both[], wanted: readonly string[] | undefined): readonly Both[] {
  if (wanted) return all.map((one) => ({ ...one, shown: wanted }));
  const shown = all.filter((one) => one.shown.length > 0);
  if (shown.length > 0) return shown;
  const first = firstStage(all.map(({ stage }) => stage));
  return all
    .filter(({ stage }) => stage === first)
    .map((one) => ({ ...one, shown: metricNames(one.pairs.flat(), []) }));
}

const without = (cells: readonly CellData[], other: LiveRun): readonly CellId[] =>
  cells.flatMap(({ id }) => (other.cell(id) ? [] : [id]));

/**
 * Compares two runs: the parameters of cells that both have, and the metrics of their rows, seeds together.
 *
 * @param ours - a run
 * @param theirs - another run
 * @param wanted - dotted paths of metrics; by default what the pipeline's tables and plots show
 * @returns what differs
 */
export function compareRuns(ours: LiveRun, theirs: LiveRun, wanted?: readonly string[]): RunComparison {
  const parameters = stageDifferences(
    ours.cells.flatMap((cell) => {
      const found = theirs.cell(cell.id);
      return found
        ? [
            [
              { run: ours, cell },
              { run: theirs, cell: found },
            ] as const,
          ]
        : [];
    }),
  );
  const stages = comparedStages(
    ours.stages.flatMap((stage) => bothOf(ours, theirs, stage) ?? []),
    wanted,
  );
  const pairs = stages.flatMap((one) => one.pairs.map(([left, right]) => ({ ...one, left, right })));
  const changed = pairs.filter(({ left, right }) => !isSame(left, right));
  const rows = changed.flatMap(({ stage, left, right, shown }): readonly RowComparison[] => {
    const found = metricNames([left, right], []).filter((name) => shown.includes(name));
    if (found.length === 0) return [];
    const names = shown.filter((name) => found.includes(name));
    return [{ stage: stage.id, row: rowName(left, stage), metrics: metricDifferences(left, right, names) }];
  });
  return {
    parameters,
    onlyOurs: without(ours.cells, theirs),
    onlyTheirs: without(theirs.cells, ours),
    rows,
    same: pairs.length - changed.length,
  };
}
