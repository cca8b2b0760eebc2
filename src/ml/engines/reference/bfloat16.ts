/**
 * Rounds values to bfloat16, the upper half of a float32: to the nearest, and to the even one of two.
 *
 * @param values - taken as float32
 * @returns as many, each a bfloat16
 */
export function roundToBfloat16(values: Float64Array): Float64Array {
  const floats = Float32Array.from(values);
  const bits = new Uint32Array(floats.buffer);
  bits.forEach((word, i) => {
    // A NaN stays one, whatever its lower half.
    bits[i] = Number.isNaN(floats[i]) ? word & 0xffff0000 : (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  });
  return Float64Array.from(floats);
}
