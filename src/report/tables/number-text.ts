import { largest } from '../../util/extremes.ts';

/** One metric over the runs of a row. */
export interface Measured {
  readonly mean: number;
  readonly sd: number | null;
  /** Runs that have it. */
  readonly n: number;
  /** Runs that the pipeline declares. */
  readonly expected: number;
}

/** Stands where no run has a result. */
export const missing = '–';

/**
 * Chooses the digits after the point for a column: whole numbers stay whole, rates get four, and other numbers about five
 * digits in all.
 *
 * @param values - all numbers of the column
 * @returns number of decimals, 0 to 10
 */
export function decimalsOf(values: readonly number[]): number {
  const most = largest(values.map(Math.abs), 0);
  if (most > 1 && values.every(Number.isInteger)) return 0;
  if (most === 0) return 4;
  const exponent = Math.floor(Math.log10(most));
  if (exponent >= 0) return Math.max(0, 4 - exponent);
  return exponent >= -2 ? 4 : Math.min(10, 3 - exponent);
}

/**
 * Writes a number with fixed decimals; numbers too small for them keep their first digits.
 *
 * @param value - a finite number
 * @param decimals - digits after the point
 * @returns the text; never `-0.00`
 */
export function numberText(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  if (Number(text) !== 0) return text;
  return value === 0 || decimals < 10 ? text.replace('-', '') : value.toExponential(3);
}

/**
 * Writes a mean as tables show it: `0.7525 ± 0.0031 (n=3)`; one run that is all there is without `±`; where runs are
 * missing, how many are there instead of n.
 *
 * @param measured - mean, deviation and counts
 * @param decimals - digits after the point
 * @returns the text; `–` when no run has a result
 */
export function measuredText(measured: Measured, decimals: number): string {
  const { mean, sd, n, expected } = measured;
  if (n === 0) return missing;
  const value = numberText(mean, decimals);
  const spread = sd === null ? value : `${value} ± ${numberText(sd, decimals)}`;
  if (n < expected) return `${spread} (${n}/${expected})`;
  return n === 1 ? value : `${spread} (n=${n})`;
}

/**
 * Writes a difference with its sign.
 *
 * @param value - a finite number
 * @param decimals - digits after the point
 * @returns e.g. `+0.0123`
 */
export function signedText(value: number, decimals: number): string {
  const text = numberText(value, decimals);
  return text.startsWith('-') || Number(text) === 0 ? text : `+${text}`;
}

/**
 * Writes a p-value.
 *
 * @param p - 0 to 1
 * @returns e.g. `p=0.012`; `p<0.001` for a smaller one
 */
export const pText = (p: number): string => (p < 0.001 ? 'p<0.001' : `p=${p.toFixed(3)}`);
