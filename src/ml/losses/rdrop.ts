import type { RecipeParams } from '../../params/recipe.ts';
import { doubleAt, floatAt } from '../../util/at.ts';
import { logSumExp } from './log-sum-exp.ts';

/** Logits of two passes of one batch, [N, C] each, rows dense; or the gradients in them. */
export type TwoPasses = readonly [Float32Array, Float32Array];

/** How R-Drop's term counts: its weight α, and whether it is summed over batch and classes or divided by N · C. */
export type DivergenceOptions = Pick<RecipeParams, 'rdropAlpha' | 'rdropReduction'>;

/**
 * What R-Drop adds to the mean loss of two passes (Liang et al., NeurIPS 2021): α · ½ (KL(p₁‖p₂) + KL(p₂‖p₁)), summed over
 * batch and classes. `mean` divides by N · C, which the authors' code offers too.
 * Both directions together are Σ (p₁ − p₂)(log p₁ − log p₂). Sums are float64, whatever the engine.
 *
 * @param logits - of both passes
 * @param options - C, α, reduction
 * @param gradients - of both passes; those of the term are added
 * @returns the term, ≥ 0
 */
export function divergence(
  logits: TwoPasses,
  options: DivergenceOptions & { readonly classes: number },
  gradients: TwoPasses,
): number {
  const { classes, rdropAlpha: alpha, rdropReduction: reduction } = options;
  const floats = logits[0].length;
  const scale = alpha / 2 / (reduction === 'mean' ? floats : 1);
  let total = 0;
  for (let start = 0; start < floats; start += classes) {
    const rowOf = (values: Float32Array): Float32Array => values.subarray(start, start + classes);
    total += addRow([rowOf(logits[0]), rowOf(logits[1])], scale, [rowOf(gradients[0]), rowOf(gradients[1])]);
  }
  return scale * total;
}

/** log softmax of one row. */
function logProbabilities(row: Float32Array): Float64Array {
  const lse = logSumExp(row, 0, row.length);
  return Float64Array.from(row, (z) => z - lse);
}

/** One row: with d = log p₁ − log p₂ the gradients are p₁ (d − Σ p₁ d) + p₁ − p₂, and the same with 1 and 2 swapped. */
function addRow([first, second]: TwoPasses, scale: number, [dFirst, dSecond]: TwoPasses): number {
  const [log1, log2] = [logProbabilities(first), logProbabilities(second)];
  const [p1, p2] = [log1.map(Math.exp), log2.map(Math.exp)];
  const d = log1.map((value, j) => value - doubleAt(log2, j));
  const meanOf = (p: Float64Array): number => p.reduce((sum, value, j) => sum + value * doubleAt(d, j), 0);
  const [mean1, mean2] = [meanOf(p1), meanOf(p2)];
  d.forEach((apart, j) => {
    const [own, other] = [doubleAt(p1, j), doubleAt(p2, j)];
    dFirst[j] = floatAt(dFirst, j) + scale * (own * (apart - mean1) + own - other);
    dSecond[j] = floatAt(dSecond, j) + scale * (other * (mean2 - apart) + other - own);
  });
  return mean1 - mean2;
}
