import { mean, sampleDeviation } from '../../../src/report/rows/statistics.ts';

/** A value an epoch. */
export type Curve = readonly number[];

/** All ways to choose some of the numbers below `count`. */
function choices(count: number, chosen: number, from = 0): readonly (readonly number[])[] {
  if (chosen === 0) return [[]];
  return Array.from({ length: count - from }, (_, offset) => from + offset).flatMap((first) =>
    choices(count, chosen - 1, first + 1).map((rest) => [first, ...rest]),
  );
}

/** How far the means of two groups of curves are apart: over the epochs, the mean of the squared difference in pooled variances. */
function distance(ours: readonly Curve[], theirs: readonly Curve[]): number {
  const epochs = Array.from(ours[0] ?? [], (_, epoch) => epoch);
  const at = (curves: readonly Curve[], epoch: number): number[] => curves.map((curve) => curve[epoch] ?? 0);
  return mean(
    epochs.map((epoch) => {
      const [a, b] = [at(ours, epoch), at(theirs, epoch)];
      const variance = ((sampleDeviation(a) ?? 0) ** 2 + (sampleDeviation(b) ?? 0) ** 2) / 2;
      return (mean(a) - mean(b)) ** 2 / (variance || 1);
    }),
  );
}

/**
 * Fisher's exact permutation test that two groups of curves are of one distribution: the share of all ways to part the curves in groups
 * of these sizes that are at least as far apart.
 *
 * @param ours - a curve a seed
 * @param theirs - a curve a seed, of as many epochs
 * @returns p, at least two (one, of unequal groups) in the number of ways: 1/126 for five and five
 */
export function sameDistribution(ours: readonly Curve[], theirs: readonly Curve[]): number {
  const all = [...ours, ...theirs];
  const found = distance(ours, theirs);
  const distances = choices(all.length, ours.length).map((chosen) =>
    distance(
      all.filter((_, place) => chosen.includes(place)),
      all.filter((_, place) => !chosen.includes(place)),
    ),
  );
  return mean(distances.map((one) => (one >= found * (1 - 1e-9) ? 1 : 0)));
}
