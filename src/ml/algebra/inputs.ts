import { makeNode, shapeText, sizeOf, type Dimensions, type NodeOf } from './node.ts';

/** Where expressions begin. */

/**
 * An array from outside.
 *
 * @param name - of the array
 * @param shape - of the array
 * @returns the node; two of equal names are the same array
 */
export const input = (name: string, shape: Dimensions): NodeOf<'input'> => makeNode('input', [], { name }, shape);

/**
 * One number in every place.
 *
 * @param value - the number
 * @param shape - a scalar by default
 * @returns the array
 */
export const constant = (value: number, shape: Dimensions = []): NodeOf<'constant'> =>
  makeNode('constant', [], { value }, shape);

/**
 * Given numbers.
 *
 * @param values - row by row
 * @param shape - one dimension by default
 * @returns the array
 * @throws Error where the shape does not hold as many
 */
export function array(values: readonly number[], shape: Dimensions = [values.length]): NodeOf<'array'> {
  if (sizeOf(shape) !== values.length) throw new Error(`${values.length} values are no array ${shapeText(shape)}`);
  return makeNode('array', [], { values }, shape);
}
