import { floatAt } from '../../util/at.ts';
import { logSumExp } from './log-sum-exp.ts';
import type { LabelledLogits, LossOptions } from './loss.ts';

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
 * Sums are float64, whatever the engine.
 *
 * @param batch - logits and labels
 * @param options - label smoothing and class weights
 * @param gradient - receives dL/dlogits, [N, C]; all of it is written
 * @returns the loss
 */
export function crossEntropy(
  batch: LabelledLogits,
  options: Pick<LossOptions, 'labelSmoothing' | 'classWeights'>,
  gradient: Float32Array,
): number {
  const { logits, labels, classes } = batch;
  const weight = (label: number): number => options.classWeights?.[label] ?? 1;
  const spread = options.labelSmoothing / classes;
  let norm = 0;
  for (const label of labels) norm += weight(label);
  let allWeights = 0;
  for (let j = 0; j < classes; j++) allWeights += weight(j);
  let loss = 0;
  labels.forEach((label, i) => {
    const start = i * classes;
    const lse = logSumExp(logits, start, classes);
    const hit = (1 - options.labelSmoothing) * weight(label);
    for (let j = 0; j < classes; j++) {
      const logProbability = floatAt(logits, start + j) - lse;
      const target = spread * weight(j) + (j === label ? hit : 0);
      loss -= target * logProbability;
      gradient[start + j] = ((hit + spread * allWeights) * Math.exp(logProbability) - target) / norm;
    }
  });
  return loss / norm;
}
