import { isJsonObject, isList, type Json, type JsonObject } from '../../core/json.ts';
import { comparePaired, type Comparison, type Sample } from '../../report/rows/pairing.ts';
import type { Measured } from '../../report/tables/number-text.ts';
import { lowerIsBetter } from '../../core/metrics.ts';
import { groupBy } from '../../util/group.ts';
import type { CellData, RunData } from './run-data.ts';
import { measuredOf, type SweepRow } from './sweep.ts';

/** A parameter in which two cells differ: its way, through the cells that they read, and both values. */
export interface ParameterDifference {
  readonly name: string;
  /** Undefined where a side has no such parameter. */
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

/** A cell in its run. */
export interface Placed {
  readonly run: Pick<RunData, 'stages'> & { cell(id: string): CellData | undefined };
  readonly cell: CellData;
}

/**
 * All parameters of a cell.
 *
 * @param placed - a cell in its run
 * @returns those that its stage shares, and its own
 */
export function paramsOf(placed: Placed): JsonObject {
  const { run, cell } = placed;
  return { ...run.stages[cell.stage]?.params, ...cell.params };
}

/**
 * The cell that a parameter refers to.
 *
 * @param value - in the form of `plan.json`
 * @returns its name; undefined for other values
 */
export function referred(value: Json | undefined): string | undefined {
  const id = isJsonObject(value) ? value['$cell'] : undefined;
  return typeof id === 'string' ? id : undefined;
}

/**
 * Writes a parameter for people.
 *
 * @param value - in the form of `plan.json`
 * @returns the text; a reference is the cell's name
 */
export function paramText(value: Json): string {
  if (typeof value === 'string') return value;
  const cell = referred(value);
  if (cell !== undefined) return cell;
  if (isJsonObject(value) && isList(value['$parts'])) return value['$parts'].map(paramText).join('');
  if (isList(value)) return `[${value.map(paramText).join(', ')}]`;
  return JSON.stringify(value);
}

const textOf = (value: Json | undefined): string | undefined => (value === undefined ? undefined : paramText(value));

/** Where a comparison is, and which pairs of cells it has been to. */
interface Way {
  readonly prefix: string;
  readonly seen: Set<string>;
}

function differ(ours: Placed, theirs: Placed, { prefix, seen }: Way): readonly ParameterDifference[] {
  const pair = JSON.stringify([ours.cell.id, theirs.cell.id]);
  if (seen.has(pair)) return [];
  seen.add(pair);
  const [mine, other] = [paramsOf(ours), paramsOf(theirs)];
  return [...new Set([...Object.keys(mine), ...Object.keys(other)])].flatMap((name) => {
    const [left, right] = [mine[name], other[name]];
    const way = `${prefix}${name}`;
    const whole = { name: way, ours: textOf(left), theirs: textOf(right) };
    const [from, to] = [ours.run.cell(referred(left) ?? ''), theirs.run.cell(referred(right) ?? '')];
    if (from && to) {
      const inside = differ({ run: ours.run, cell: from }, { run: theirs.run, cell: to }, { prefix: `${way}.`, seen });
      const isSame = from.id === to.id || inside.length > 0;
      return isSame ? inside : [whole];
    }
    return whole.ours === whole.theirs ? [] : [whole];
  });
}

/**
 * Finds the parameters in which two cells differ, their own and those of the cells that they read.
 *
 * @param ours - one cell
 * @param theirs - another, of the same run or another one
 * @returns differences, nearest first; where cells that they read differ in nothing but their names, these
 */
export function parameterDifferences(ours: Placed, theirs: Placed): readonly ParameterDifference[] {
  return differ(ours, theirs, { prefix: '', seen: new Set() });
}

/** A parameter in which cells of one stage differ between two runs. */
export interface StageDifference extends ParameterDifference {
  readonly stage: string;
  /** In how many cells. */
  readonly cells: number;
}

/**
 * Finds the parameters in which cells of the same name differ between two runs, each where it stands: what follows from it in
 * cells that read this one is not said again.
 *
 * @param pairs - cells of both, in the order of the plan
 * @returns differences, those of one stage that are alike together
 */
export function stageDifferences(pairs: readonly (readonly [Placed, Placed])[]): readonly StageDifference[] {
  const seen = new Set<string>();
  const found = pairs.flatMap(([ours, theirs]) =>
    differ(ours, theirs, { prefix: '', seen }).map((one) => ({ ...one, stage: stageOf(ours) })),
  );
  return [...groupBy(found, (one) => JSON.stringify(one)).values()].flatMap((alike) =>
    alike[0] ? [{ ...alike[0], cells: alike.length }] : [],
  );
}

const stageOf = ({ run, cell }: Placed): string => run.stages[cell.stage]?.id ?? '';

/** A metric of two rows. */
export interface MetricDifference {
  readonly name: string;
  readonly lowerIsBetter: boolean;
  readonly ours: Measured;
  readonly theirs: Measured;
  /** Undefined where a side has no number. */
  readonly comparison: Comparison | undefined;
}

const samplesOf = ({ cells }: SweepRow, metric: string): readonly Sample[] =>
  cells.map(({ axes, progress }) => ({ axes: new Map(Object.entries(axes)), value: progress.metrics?.[metric] }));

/**
 * Compares two rows in metrics, as `compare` of a table does: paired by seed where that can be.
 *
 * @param ours - one row
 * @param theirs - another
 * @param metrics - dotted paths
 * @returns a difference for each metric
 */
export function metricDifferences(
  ours: SweepRow,
  theirs: SweepRow,
  metrics: readonly string[],
): readonly MetricDifference[] {
  return metrics.map((name) => ({
    name,
    lowerIsBetter: lowerIsBetter(name),
    ours: measuredOf(ours, name),
    theirs: measuredOf(theirs, name),
    comparison: comparePaired(samplesOf(ours, name), samplesOf(theirs, name)),
  }));
}

/** Chance of a false word, of the two-sided test. */
const significance = 0.05;

/**
 * Says whether a difference is for the better.
 *
 * @param difference - of two rows in a metric
 * @returns whether ours are better or worse than theirs; nothing where it may be noise
 */
export function verdictOf(difference: MetricDifference): '' | 'better' | 'worse' {
  const { comparison, lowerIsBetter } = difference;
  if (!comparison?.judged || comparison.judged.p >= significance) return '';
  return comparison.mean < 0 === lowerIsBetter ? 'better' : 'worse';
}

/**
 * Says by what intervals of differences were made.
 *
 * @param differences - of two rows
 * @returns a sentence
 */
export function methodText(differences: readonly MetricDifference[]): string {
  const tests = differences.flatMap(({ comparison }) => (comparison?.judged ? [comparison] : []));
  if (tests.length === 0) return 'No interval: a side has a single run, or the runs do not spread.';
  const names = tests.map(({ method, pairedBy }) =>
    method === 'paired' ? `by a t-test paired by ${pairedBy.join(', ')}` : 'by Welch’s t-test',
  );
  const how = [...new Set(names)].join(' or ');
  return `Intervals and p-values ${how}, of each metric alone; better and worse are said where p < ${significance}.`;
}
