import { describeValue } from '../source/describe-value.ts';
import type { Located } from '../source/location.ts';
import type { Shape } from './shape.ts';

/**
 * Reads how many there may be of something.
 *
 * @param written - the value
 * @param what - what it is called
 * @param shape - takes what is wrong
 * @returns a whole number of at least 1; undefined where none is given
 */
export function readCount(written: Located | undefined, what: string, shape: Shape): number | undefined {
  if (!written) return undefined;
  const { value, location } = written;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  const message = `${what} is ${describeValue(value)}`;
  shape.problems.add({ code: 'bad-limit', message, expected: 'a whole number of at least 1', location });
  return undefined;
}
