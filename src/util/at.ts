// Loops over the pixels of a picture (ml/augment) do without these: measured, they cost resizing and colours 20 to 45 %.

/**
 * Stops at an index that is not there.
 *
 * @param length - of the array
 * @param index - the index
 * @throws RangeError always
 */
export function failOutside(length: number, index: number): never {
  throw new RangeError(`index ${index} of ${length} elements`);
}

/**
 * Reads an element that must be there: a wrong index is a bug, which shall not go on as a zero. Loops over numbers have
 * {@link byteAt}, {@link floatAt}, {@link doubleAt} and {@link intAt}: an access that sees one class of arrays alone is fast.
 *
 * @param array - a list or a typed array, whose elements are never undefined
 * @param index - within the array
 * @returns the element
 * @throws RangeError outside the array
 */
export function at<Element>(array: ArrayLike<Element>, index: number): Element {
  const element = array[index];
  if (element === undefined) failOutside(array.length, index);
  return element;
}

/**
 * As {@link at}, of bytes.
 *
 * @param bytes - pixels, say
 * @param index - 0 … length − 1
 * @returns the byte
 * @throws RangeError where there is none
 */
export function byteAt(bytes: Uint8Array | Uint8ClampedArray, index: number): number {
  return bytes[index] ?? failOutside(bytes.length, index);
}

/**
 * As {@link at}, of float32 numbers.
 *
 * @param floats - logits, say
 * @param index - 0 … length − 1
 * @returns the number
 * @throws RangeError where there is none
 */
export function floatAt(floats: Float32Array, index: number): number {
  return floats[index] ?? failOutside(floats.length, index);
}

/**
 * As {@link at}, of float64 numbers.
 *
 * @param doubles - sums, say
 * @param index - 0 … length − 1
 * @returns the number
 * @throws RangeError where there is none
 */
export function doubleAt(doubles: Float64Array, index: number): number {
  return doubles[index] ?? failOutside(doubles.length, index);
}

/**
 * As {@link at}, of whole numbers.
 *
 * @param ints - labels or places, say
 * @param index - 0 … length − 1
 * @returns the number
 * @throws RangeError where there is none
 */
export function intAt(ints: Int32Array | Uint32Array, index: number): number {
  return ints[index] ?? failOutside(ints.length, index);
}
