/**
 * Reads an element that must be there.
 *
 * @param array - the array
 * @param index - within the array
 * @returns the element
 * @throws RangeError outside the array
 */
export function at(array: Float64Array, index: number): number {
  const element = array[index];
  if (element === undefined) throw new RangeError(`index ${index} of ${array.length} elements`);
  return element;
}

/**
 * Writes an element, or adds to it.
 *
 * @param array - the array
 * @param index - within the array
 * @param value - what to write or add
 * @param accumulate - 1 adds
 */
export function put(array: Float64Array, index: number, value: number, accumulate: number): void {
  array[index] = accumulate ? at(array, index) + value : value;
}
