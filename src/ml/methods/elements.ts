/**
 * Elements of arrays by places that are known to be there: one function for each type of array, so that V8 compiles a plain
 * read for each. A place outside is an error, not a number that goes on through the sums.
 */

/**
 * Stops at a place that is not there.
 *
 * @param at - the place
 * @throws RangeError always
 */
export function failOutside(at: number): never {
  throw new RangeError(`no element ${at}`);
}

/**
 * Element of a float32 array.
 *
 * @param values - the array
 * @param at - its place
 * @returns the element
 * @throws RangeError where there is none (a bug)
 */
export function f32(values: Float32Array, at: number): number {
  const value = values[at];
  return value === undefined ? failOutside(at) : value;
}

/**
 * Element of a float64 array.
 *
 * @param values - the array
 * @param at - its place
 * @returns the element
 * @throws RangeError where there is none (a bug)
 */
export function f64(values: Float64Array, at: number): number {
  const value = values[at];
  return value === undefined ? failOutside(at) : value;
}

/**
 * Element of an int32 array.
 *
 * @param values - the array
 * @param at - its place
 * @returns the element
 * @throws RangeError where there is none (a bug)
 */
export function i32(values: Int32Array, at: number): number {
  const value = values[at];
  return value === undefined ? failOutside(at) : value;
}

/**
 * Element of a uint32 array.
 *
 * @param values - the array
 * @param at - its place
 * @returns the element
 * @throws RangeError where there is none (a bug)
 */
export function u32(values: Uint32Array, at: number): number {
  const value = values[at];
  return value === undefined ? failOutside(at) : value;
}
