import { CellReference, type Cell } from '../../core/plan.ts';
import { identity } from '../../cells/labels.ts';
import { reachable, type CellIndex } from '../../cells/lookup.ts';
import { mean, pairedDifference, welchDifference, type Difference } from './statistics.ts';

/** One declared run of a row: where it stands on the axes, and its number, if it has one. */
export interface Sample {
  /** Values of all axes behind the cell, nearest first; axes over cells are replaced by the axes of those cells. */
  readonly axes: ReadonlyMap<string, string>;
  readonly value: number | undefined;
}

/** How two rows differ in one metric. */
export interface Comparison {
  readonly mean: number;
  /** What can be said of its certainty; undefined for too few runs, and for runs that do not spread. */
  readonly judged: Difference | undefined;
  readonly method: 'paired' | 'welch' | 'none';
  /** The axes that pair the runs. */
  readonly pairedBy: readonly string[];
  /** Pairs, or the smaller number of runs. */
  readonly n: number;
}

/**
 * Finds where a cell stands on the axes behind it.
 *
 * @param index - the plan's cells
 * @param cell - the cell
 * @returns axis → identity of its value; the nearest axis of a name counts
 */
export function cellAxes(index: CellIndex, cell: Cell): ReadonlyMap<string, string> {
  const axes = new Map<string, string>();
  for (const { axes: own } of reachable(index, [cell])) {
    for (const [name, value] of Object.entries(own)) {
      if (!(value instanceof CellReference) && !axes.has(name)) axes.set(name, identity(value));
    }
  }
  return axes;
}

/** The numbers that are there. */
const numbers = (samples: readonly Sample[]): readonly number[] =>
  samples.flatMap(({ value }) => (value === undefined ? [] : [value]));

/** The values that samples take on an axis. */
const valuesOn = (samples: readonly Sample[], axis: string): ReadonlySet<string | undefined> =>
  new Set(samples.map(({ axes }) => axes.get(axis)));

/** The axes along which both sides vary and meet: what their runs can be paired by. */
function pairingAxes(ours: readonly Sample[], theirs: readonly Sample[]): readonly string[] {
  const names = new Set(ours.flatMap(({ axes }) => [...axes.keys()]));
  return [...names].filter((name) => {
    const [left, right] = [valuesOn(ours, name), valuesOn(theirs, name)];
    return left.size > 1 && right.size > 1 && [...left].some((value) => value !== undefined && right.has(value));
  });
}

/** Means by place on the given axes. A place where a run is missing has none: its mean would be one of other runs. */
function meansByPlace(samples: readonly Sample[], axes: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, (number | undefined)[]>();
  for (const { axes: own, value } of samples) {
    const place = JSON.stringify(axes.map((name) => own.get(name)));
    places.set(place, [...(places.get(place) ?? []), value]);
  }
  const means = new Map<string, number>();
  for (const [place, values] of places) {
    const there = values.filter((value) => value !== undefined);
    if (there.length === values.length) means.set(place, mean(there));
  }
  return means;
}

/**
 * Compares two rows in one metric: paired over the runs that they have in common (the same seed), by Welch's test where
 * fewer than two runs can be paired, and without a test where a side has a single run.
 *
 * @param ours - the declared runs of one row
 * @param theirs - the declared runs of the other
 * @returns ours − theirs; undefined when a side has no number
 */
export function comparePaired(ours: readonly Sample[], theirs: readonly Sample[]): Comparison | undefined {
  const [left, right] = [numbers(ours), numbers(theirs)];
  if (left.length === 0 || right.length === 0) return undefined;
  const pairedBy = pairingAxes(ours, theirs);
  const theirMeans = meansByPlace(theirs, pairedBy);
  const pairs = [...meansByPlace(ours, pairedBy)].flatMap(([place, value]) => {
    const other = theirMeans.get(place);
    return other === undefined ? [] : [[value, other] as const];
  });
  if (pairedBy.length > 0 && pairs.length > 1) {
    const differences = pairs.map(([one, other]) => one - other);
    return { mean: mean(differences), judged: pairedDifference(pairs), method: 'paired', pairedBy, n: pairs.length };
  }
  const n = Math.min(left.length, right.length);
  if (n < 2) {
    const [one = mean(left), other = mean(right)] = pairs[0] ?? [];
    return { mean: one - other, judged: undefined, method: 'none', pairedBy: [], n };
  }
  const judged = welchDifference(left, right);
  return { mean: mean(left) - mean(right), judged, method: 'welch', pairedBy: [], n };
}
