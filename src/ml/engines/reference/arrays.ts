/**
 * Reads an element that must be there.
 *
 * @param array - the array
 * @param index - within the array
 * @returns the element; NaN outside, which no test overlooks
 */
export function at(array: Float64Array, index: number): number {
  return array[index] ?? NaN;
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
