import type { Uniform } from './augmentation.ts';

/** A standard normal number (Box & Muller, 1958), of two uniform ones in [0, 1). */
const normal = (uniform: Uniform): number =>
  Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** Logarithm of a number of Gamma(shape, 1): Marsaglia, Tsang, A Simple Method for Generating Gamma Variables, TOMS 2000. */
function logGamma(shape: number, uniform: Uniform): number {
  if (shape < 1) return logGamma(shape + 1, uniform) + Math.log(1 - uniform()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(uniform);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - uniform()) < (x * x) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}

/**
 * Draws a number of Beta(α, α).
 *
 * @param alpha - α > 0; 1 is the uniform distribution, one number of the source as it is
 * @param uniform - source of randomness, in [0, 1)
 * @returns in [0, 1]
 */
export function symmetricBeta(alpha: number, uniform: Uniform): number {
  if (alpha === 1) return uniform();
  // In logarithms, for of a small α both numbers may be too small for doubles.
  const [a, b] = [logGamma(alpha, uniform), logGamma(alpha, uniform)];
  return 1 / (1 + Math.exp(b - a));
}
