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

/**
 * Applies an activation code.
 *
 * @param x - value
 * @param activation - 0 none, 1 ReLU, 2 ReLU6
 * @returns the activated value
 */
export function activate(x: number, activation: number): number {
  if (!activation) return x;
  const positive = x < 0 ? 0 : x;
  return activation === 2 && positive > 6 ? 6 : positive;
}

/**
 * Derivative of an activation, from its input or output alike.
 *
 * @param x - value before or after the activation
 * @param activation - 0 none, 1 ReLU, 2 ReLU6
 * @returns 0 or 1
 */
export function slope(x: number, activation: number): number {
  if (!activation) return 1;
  return x > 0 && (activation === 1 || x < 6) ? 1 : 0;
}
