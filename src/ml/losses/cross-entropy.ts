import { add, div, mul } from '../algebra/arithmetic.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { sum } from '../algebra/reductions.ts';
import type { LossOptions } from './loss.ts';
import { targetsOf } from './target.ts';

/**
 * Class weights for unbalanced sets: w_c = sqrt(n / (C · n_c)). A class without images gets 0; no label can name it.
 *
 * @param perClass - n_c, number of training images of each class
 * @returns w, float64 [C]
 */
export function balancedWeights(perClass: readonly number[]): Float64Array {
  const total = perClass.reduce((sum, count) => sum + count, 0);
  return Float64Array.from(perClass, (count) => (count === 0 ? 0 : Math.sqrt(total / (perClass.length * count))));
}

/**
 * Softmax cross entropy with label smoothing and class weights, as PyTorch defines it:
 * [(1−ε) Σ_i w_y (−log p_y) + (ε/C) Σ_i Σ_j w_j (−log p_j)] / Σ_i w_y.
 *
 * @param logits - [N, C]
 * @param labels - class indices [N]
 * @param options - label smoothing ε and class weights
 * @returns the scalar
 */
export function crossEntropy(
  logits: Node,
  labels: Node,
  options: Pick<LossOptions, 'labelSmoothing' | 'classWeights'>,
): Node {
  const { labelSmoothing: smoothing } = options;
  const { logProbabilities, ofTarget, weights, weightOfTarget } = targetsOf(logits, labels, options);
  const hit = mul(sum(mul(ofTarget, weightOfTarget)), smoothing - 1);
  const spread = mul(sum(mul(logProbabilities, weights)), -smoothing / lengthOf(logits, 1));
  return div(smoothing === 0 ? hit : add(hit, spread), sum(weightOfTarget));
}
