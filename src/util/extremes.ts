/**
 * The largest of any number of values: an argument list has no room for a hundred thousand.
 *
 * @param values - numbers
 * @param least - what is returned at least
 * @returns the largest
 */
export const largest = (values: readonly number[], least = -Infinity): number =>
  values.reduce((most, value) => Math.max(most, value), least);

/**
 * The smallest of any number of values; see {@link largest}.
 *
 * @param values - numbers
 * @returns the smallest; infinite for none
 */
export const smallest = (values: readonly number[]): number =>
  values.reduce((least, value) => Math.min(least, value), Infinity);
