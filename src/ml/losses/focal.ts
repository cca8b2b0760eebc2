import { doubleAt, floatAt } from '../../util/at.ts';
import { logSumExp } from './log-sum-exp.ts';
import type { LabelledLogits, LossOptions } from './loss.ts';

/** Keeps logarithms finite, as the experiments' code does. */
const OFFSET = 1e-7;

/**
 * Focal loss over softmax probabilities (Lin et al., ICCV 2017), as the original experiments have it:
 * (1/N) Σ_i w_y Σ_j (1 − q_j)^γ t_j (−log q_j), q = p + 1e-7, t = one-hot clamped to [ε/(C−1), 1−ε].
 * Weighted or not, it is divided by N. Sums are float64, whatever the engine.
 *
 * @param batch - logits and labels
 * @param options - label smoothing ε, class weights w, exponent γ
 * @param gradient - receives dL/dlogits, [N, C]; all of it is written
 * @returns the loss
 */
export function focal(
  batch: LabelledLogits,
  options: Pick<LossOptions, 'labelSmoothing' | 'classWeights' | 'focalGamma'>,
  gradient: Float32Array,
): number {
  const { logits, labels, classes } = batch;
  const { labelSmoothing: smoothing, classWeights, focalGamma: gamma } = options;
  const hit = 1 - smoothing;
  const miss = Math.min(hit, smoothing / (classes - 1));
  const probabilities = new Float64Array(classes);
  const slopes = new Float64Array(classes);
  let loss = 0;
  labels.forEach((label, i) => {
    const start = i * classes;
    const lse = logSumExp(logits, start, classes);
    const weight = (classWeights?.[label] ?? 1) / labels.length;
    let mean = 0;
    for (let j = 0; j < classes; j++) {
      const p = Math.exp(floatAt(logits, start + j) - lse);
      const q = p + OFFSET;
      // p may be 1, and q beyond it: then the factor and its slope are 0.
      const rest = Math.max(0, 1 - q);
      const target = weight * (j === label ? hit : miss);
      loss -= target * rest ** gamma * Math.log(q);
      const slope = rest === 0 ? 0 : target * (gamma * rest ** (gamma - 1) * Math.log(q) - rest ** gamma / q);
      probabilities[j] = p;
      slopes[j] = slope;
      mean += p * slope;
    }
    for (let j = 0; j < classes; j++) gradient[start + j] = doubleAt(probabilities, j) * (doubleAt(slopes, j) - mean);
  });
  return loss;
}
