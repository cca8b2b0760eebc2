/** Least exponent of a binary16 number whose fraction has all ten bits. */
const LEAST_EXPONENT = -14;
const FRACTION_BITS = 10;
/** From here on, half a step above the largest one, numbers round to infinity. */
const OVERFLOW = 65_520;

/** The nearest whole number; of two that are as near the even one. */
function nearestEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** The nearest binary16 number. */
function half(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  if (Math.abs(value) >= OVERFLOW) return Math.sign(value) * Infinity;
  const exponent = Math.max(LEAST_EXPONENT, Math.floor(Math.log2(Math.abs(value))));
  const step = 2 ** (exponent - FRACTION_BITS);
  return nearestEven(value / step) * step;
}

/**
 * Rounds to half precision, to the nearest and ties to even, as PyTorch's `half()` does.
 *
 * @param values - float32
 * @returns float32 values that float16 holds exactly; infinite from 65,520 on
 */
export const roundedToHalf = (values: Float32Array): Float32Array => values.map(half);
