import { floatAt } from '../../util/at.ts';
/**
 * Logarithm of the sum of exponentials of one row, shifted by its maximum so that nothing overflows.
 *
 * @param logits - [N, C], rows dense
 * @param start - index of the row's first value
 * @param classes - C
 * @returns log Σ_j exp(z_j); NaN or infinite where the row is
 */
export function logSumExp(logits: Float32Array, start: number, classes: number): number {
  let top = -Infinity;
  for (let j = start; j < start + classes; j++) top = Math.max(top, floatAt(logits, j));
  let sum = 0;
  for (let j = start; j < start + classes; j++) sum += Math.exp(floatAt(logits, j) - top);
  return top + Math.log(sum);
}
