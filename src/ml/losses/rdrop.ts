import type { RecipeParams } from '../../params/recipe.ts';
import { exp, mul, sub } from '../algebra/arithmetic.ts';
import { sizeOf, type Node } from '../algebra/node.ts';
import { logSoftmax, sum } from '../algebra/reductions.ts';

/** How R-Drop's term counts: its weight α, and whether it is summed over batch and classes or divided by N · C. */
export type DivergenceOptions = Pick<RecipeParams, 'rdropAlpha' | 'rdropReduction'>;

/**
 * What R-Drop adds to the mean loss of two passes (Liang et al., NeurIPS 2021): α · ½ (KL(p₁‖p₂) + KL(p₂‖p₁)), summed over
 * batch and classes. `mean` divides by N · C, which the authors' code offers too.
 * Both directions together are Σ (p₁ − p₂)(log p₁ − log p₂).
 *
 * @param first - logits of a pass, [N, C]
 * @param second - those of another pass over the same batch
 * @param options - α, reduction
 * @returns the scalar, ≥ 0
 */
export function divergence(first: Node, second: Node, options: DivergenceOptions): Node {
  const { rdropAlpha: alpha, rdropReduction: reduction } = options;
  const [log1, log2] = [logSoftmax(first), logSoftmax(second)];
  const both = sum(mul(sub(exp(log1), exp(log2)), sub(log1, log2)));
  return mul(both, alpha / 2 / (reduction === 'mean' ? sizeOf(first.shape) : 1));
}
