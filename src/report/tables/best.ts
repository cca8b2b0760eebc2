import { comparePaired, type Sample } from '../rows/pairing.ts';
import { mean } from '../rows/statistics.ts';

/** Chance of a false mark, of the two-sided test against the next best. */
const significance = 0.05;

/**
 * Finds the best row of a column, where it is better than the next best beyond noise.
 *
 * @param rows - the declared runs of each row, with their numbers
 * @param lowerIsBetter - true for losses and the like
 * @returns place of the best row; undefined when none stands out, or when it is a single run
 */
export function bestRow(rows: readonly (readonly Sample[])[], lowerIsBetter: boolean): number | undefined {
  const ranked = rows
    .map((samples, at) => ({
      at,
      samples,
      values: samples.flatMap(({ value }) => (value === undefined ? [] : [value])),
    }))
    .filter(({ values }) => values.length > 0)
    .map((row) => ({ ...row, mean: mean(row.values) }))
    .sort((a, b) => (lowerIsBetter ? a.mean - b.mean : b.mean - a.mean));
  const [first, second] = ranked;
  if (!first || !second) return undefined;
  const comparison = comparePaired(first.samples, second.samples);
  if (!comparison?.judged || comparison.judged.p >= significance) return undefined;
  // Means of unequal sets of runs can order two rows otherwise than their common runs do.
  const better = lowerIsBetter ? comparison.mean < 0 : comparison.mean > 0;
  return better ? first.at : undefined;
}
