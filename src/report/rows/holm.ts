/** A finite p-value. */
const isThere = (p: number | undefined): p is number => p !== undefined && !Number.isNaN(p);

/**
 * Corrects p-values for their number by Holm's step-down procedure (Holm 1979, "A Simple Sequentially Rejective Multiple
 * Test Procedure"): the smallest of m counts m times, the next m − 1 times …, none less than one before it, none more than
 * 1. Those below α are significant together: the chance of any false one is at most α.
 *
 * @param values - p-values in any order; those that are missing or NaN do not count
 * @returns the corrected values, in the same order; undefined where none was given
 */
export function holm(values: readonly (number | undefined)[]): readonly (number | undefined)[] {
  const ranked = values.flatMap((p, at) => (isThere(p) ? [{ p, at }] : [])).sort((a, b) => a.p - b.p);
  const corrected: (number | undefined)[] = values.map(() => undefined);
  let least = 0;
  for (const [rank, { p, at }] of ranked.entries()) {
    least = Math.min(1, Math.max(least, (ranked.length - rank) * p));
    corrected[at] = least;
  }
  return corrected;
}
