import { largest, smallest } from '../../util/extremes.ts';
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

/** What rounding alone makes numbers spread, for one of their size. */
const ROUNDING = 8 * Number.EPSILON;

/** The size of the largest of some numbers. */
const sizeOf = (values: readonly number[]): number => largest(values.map(Math.abs));

/** Whether numbers are equal but for rounding: then how they would spread is not known. */
const areEqual = (values: readonly number[], size = sizeOf(values)): boolean =>
  largest(values) - smallest(values) <= ROUNDING * size;

/** Test and interval of a difference from its standard error, which is above 0. */
function withInterval(difference: number, error: number, degrees: number): Difference {
  const half = criticalT(confidence, degrees) * error;
  const p = twoSidedP(difference / error, degrees);
  return { mean: difference, low: difference - half, high: difference + half, p };
}

/**
 * Student's paired t-test: what two ways do on the same seeds.
 *
 * @param pairs - at least two pairs (ours, theirs)
 * @returns mean of ours − theirs, its interval and p-value; undefined where all differences are equal, as those of a few
 *   images are: t would be infinite, of noise that is there and does not show
 */
export function pairedDifference(pairs: readonly (readonly [ours: number, theirs: number])[]): Difference | undefined {
  const differences = pairs.map(([ours, theirs]) => ours - theirs);
  if (areEqual(differences, sizeOf(pairs.flat()))) return undefined;
  return withInterval(mean(differences), Math.sqrt(variance(differences) / pairs.length), pairs.length - 1);
}

/**
 * Welch's t-test, for runs that cannot be paired (Welch 1947); degrees of freedom by Satterthwaite.
 *
 * @param ours - at least two numbers
 * @param theirs - at least two numbers
 * @returns mean of ours − mean of theirs, its interval and p-value; undefined where neither side spreads
 */
export function welchDifference(ours: readonly number[], theirs: readonly number[]): Difference | undefined {
  if ([ours, theirs].every((side) => areEqual(side))) return undefined;
  const a = variance(ours) / ours.length;
  const b = variance(theirs) / theirs.length;
  const degrees = (a + b) ** 2 / (a ** 2 / (ours.length - 1) + b ** 2 / (theirs.length - 1));
  return withInterval(mean(ours) - mean(theirs), Math.sqrt(a + b), degrees);
}

/** A published number and what is known of both sides' test sets. */
export interface PublishedRun {
  /** The number of one run. */
  readonly value: number;
  /** Images N that a share is taken over, on either side; undefined where it is not known, or the number is no share. */
  readonly images: number | undefined;
}

/** What images of a test set add to the variance of a share of them: p(1 − p)/N, of the binomial distribution. */
const binomialVariance = (share: number, images: number | undefined): number =>
  images === undefined ? 0 : Math.max(0, share * (1 - share)) / images;

/**
 * Judges the difference d = x̄ − y of n runs of ours to one published run y by the noise that is known:
 *
 * - of runs: y is one further draw, taken to spread as ours do, so that seeds alone give s²(1 + 1/n) with n − 1 degrees
 *   of freedom: the prediction interval for one future observation (Hahn & Meeker 1991, "Statistical Intervals");
 * - of images: both are shares of N images drawn from all there could be: x̄(1 − x̄)/N + y(1 − y)/N (Dietterich 1998,
 *   "Approximate Statistical Tests for Comparing Supervised Classification Learning Algorithms"). Of the same images the
 *   two rise and fall together, by how much cannot be told without each image's result: counted in full, the noise is
 *   rather over- than underrated. So it is for a mean of recalls over classes of equal size: Σ r(1 − r)/C ≤ r̄(1 − r̄).
 *
 * The variances add up; degrees of freedom by Satterthwaite (1946), of which the images' part has infinitely many:
 * ν = (n − 1) · (V/(s²(1 + 1/n)))². Of two or three runs, whose spread is badly known, that alone is too sure (11 % and
 * 7 % false alarms instead of 5 %, test/reference/published_noise.py): the interval is at least as wide as that of the
 * runs alone. Of one run of ours only the images' part is known.
 *
 * @param ours - at least one number
 * @param published - the published run
 * @returns ours − published, its interval and p-value; undefined where neither part is known, or there is no noise in either
 */
export function differenceToPublished(ours: readonly number[], published: PublishedRun): Difference | undefined {
  const { value, images } = published;
  if (ours.length < 2 && images === undefined) return undefined;
  const centre = mean(ours);
  const spreads = ours.length > 1 && !areEqual(ours);
  const ofRuns = spreads ? variance(ours) * (1 + 1 / ours.length) : 0;
  const ofImages = binomialVariance(centre, images) + binomialVariance(value, images);
  const both = ofRuns + ofImages;
  if (both === 0) return undefined;
  const degrees = ofRuns === 0 ? Infinity : (ours.length - 1) * (both / ofRuns) ** 2;
  const all = withInterval(centre - value, Math.sqrt(both), degrees);
  const runs = spreads ? withInterval(centre - value, Math.sqrt(ofRuns), ours.length - 1) : all;
  return runs.high > all.high ? runs : all;
}
