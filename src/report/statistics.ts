import { criticalT, twoSidedP } from './student-t.ts';

/** A difference of two means, with what the runs say about its certainty. */
export interface Difference {
  readonly mean: number;
  /** Ends of the confidence interval. */
  readonly low: number;
  readonly high: number;
  /** Two-sided p-value of "there is no difference". */
  readonly p: number;
}

/** Level of all confidence intervals. */
export const confidence = 0.95;

/**
 * The arithmetic mean.
 *
 * @param values - at least one number
 * @returns Σx/n
 */
export function mean(values: readonly number[]): number {
  const rough = values.reduce((sum, value) => sum + value, 0) / values.length;
  // A second pass takes back what rounding lost: equal values have exactly themselves as mean, and 0 as deviation.
  return rough + values.reduce((sum, value) => sum + (value - rough), 0) / values.length;
}

/** The sample variance Σ(x − x̄)²/(n − 1). */
function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

/**
 * The sample standard deviation √(Σ(x − x̄)²/(n − 1)).
 *
 * @param values - numbers
 * @returns the deviation; undefined for fewer than two numbers, of which nothing is known
 */
export function sampleDeviation(values: readonly number[]): number | undefined {
  return values.length < 2 ? undefined : Math.sqrt(variance(values));
}

/** Test and interval of a difference from its standard error. */
function judged(difference: number, error: number, degrees: number): Difference {
  // Without any spread t is 0/0 for no difference, and infinite for one.
  if (error === 0) return { mean: difference, low: difference, high: difference, p: difference === 0 ? 1 : 0 };
  const half = criticalT(confidence, degrees) * error;
  const p = twoSidedP(difference / error, degrees);
  return { mean: difference, low: difference - half, high: difference + half, p };
}

/**
 * Student's paired t-test: what two ways do on the same seeds.
 *
 * @param pairs - at least two pairs (ours, theirs)
 * @returns mean of ours − theirs, its interval and p-value
 */
export function pairedDifference(pairs: readonly (readonly [ours: number, theirs: number])[]): Difference {
  const differences = pairs.map(([ours, theirs]) => ours - theirs);
  return judged(mean(differences), Math.sqrt(variance(differences) / pairs.length), pairs.length - 1);
}

/**
 * Welch's t-test, for runs that cannot be paired (Welch 1947); degrees of freedom by Satterthwaite.
 *
 * @param ours - at least two numbers
 * @param theirs - at least two numbers
 * @returns mean of ours − mean of theirs, its interval and p-value
 */
export function welchDifference(ours: readonly number[], theirs: readonly number[]): Difference {
  const a = variance(ours) / ours.length;
  const b = variance(theirs) / theirs.length;
  const degrees = (a + b) ** 2 / (a ** 2 / (ours.length - 1) + b ** 2 / (theirs.length - 1));
  return judged(mean(ours) - mean(theirs), Math.sqrt(a + b), degrees);
}
