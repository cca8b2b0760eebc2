/**
 * What is there at once, as it is where pixels are kept.
 *
 * @param value - no promise
 * @returns the value
 */
export function atOnce<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('it is not there yet');
  return value;
}
