import { add, exp, mul, sub } from '../algebra/arithmetic.ts';
import type { Node } from '../algebra/node.ts';
import { mean } from '../algebra/reductions.ts';
import { crossEntropy } from './cross-entropy.ts';
import type { LossOptions } from './loss.ts';
import { targetsOf } from './target.ts';

/**
 * Poly-1 loss: {@link crossEntropy}, smoothed and weighted as it is, + ε₁ · mean(1 − p_y), which is neither (Leng et al.,
 * "PolyLoss", ICLR 2022).
 *
 * @param logits - [N, C]
 * @param labels - class indices [N]
 * @param options - label smoothing and class weights of the cross entropy; ε₁
 * @returns the scalar
 */
export function poly(
  logits: Node,
  labels: Node,
  options: Pick<LossOptions, 'labelSmoothing' | 'classWeights' | 'polyEpsilon'>,
): Node {
  const { ofTarget } = targetsOf(logits, labels, options);
  return add(crossEntropy(logits, labels, options), mul(mean(sub(1, exp(ofTarget))), options.polyEpsilon));
}
