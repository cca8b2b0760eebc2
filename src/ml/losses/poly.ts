import { floatAt } from '../../util/at.ts';
import { crossEntropy } from './cross-entropy.ts';
import { logSumExp } from './log-sum-exp.ts';
import type { LabelledLogits, LossOptions } from './loss.ts';

/**
 * Poly-1 loss: {@link crossEntropy}, smoothed and weighted as it is, + ε₁ · mean(1 − p_y), which is neither (Leng et al.,
 * "PolyLoss", ICLR 2022).
 *
 * @param batch - logits and labels
 * @param options - label smoothing and class weights of the cross entropy; ε₁
 * @param gradient - receives dL/dlogits, [N, C]; all of it is written
 * @returns the loss
 */
export function poly(
  batch: LabelledLogits,
  options: Pick<LossOptions, 'labelSmoothing' | 'classWeights' | 'polyEpsilon'>,
  gradient: Float32Array,
): number {
  const { logits, labels, classes } = batch;
  const share = options.polyEpsilon / labels.length;
  let loss = crossEntropy(batch, options, gradient);
  labels.forEach((label, i) => {
    const start = i * classes;
    const lse = logSumExp(logits, start, classes);
    const hit = Math.exp(floatAt(logits, start + label) - lse);
    loss += share * (1 - hit);
    for (let j = start; j < start + classes; j++) {
      const probability = Math.exp(floatAt(logits, j) - lse);
      gradient[j] = floatAt(gradient, j) - share * hit * (Number(j === start + label) - probability);
    }
  });
  return loss;
}
