// Loops over the pixels of a picture (ml/augment) do without these: measured, they cost resizing and colours 20 to 45 %.

/** Says which element is missing. */
function missing(length: number, index: number): never {
  throw new RangeError(`no element ${index} of ${length}`);
}

/**
 * An element that is there. For loops over pixels and logits there are {@link byteAt}, {@link floatAt}, {@link doubleAt} and
 * {@link intAt}: the compiler makes fast code of an access that sees one class of arrays alone.
 *
 * @param list - any list
 * @param index - 0 … length − 1
 * @returns the element
 * @throws RangeError where there is none: an error of the caller's, not a user's
 */
export function at<T extends number | object>(list: readonly T[], index: number): T {
  return list[index] ?? missing(list.length, index);
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
  return bytes[index] ?? missing(bytes.length, index);
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
  return floats[index] ?? missing(floats.length, index);
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
  return doubles[index] ?? missing(doubles.length, index);
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
  return ints[index] ?? missing(ints.length, index);
}
