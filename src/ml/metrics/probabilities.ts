import { floatAt } from '../../util/at.ts';
import { logSumExp } from './log-sum-exp.ts';

/** Predictions of a classifier on labelled images. */
export interface Predictions {
  /** [N, C], rows dense, finite. */
  readonly logits: Float32Array;
  /** True classes [N]. */
  readonly labels: Int32Array;
  readonly classes: number;
}

/**
 * The most likely class of each image; of equal ones the first.
 *
 * @param predictions - logits [N, C]
 * @returns classes [N]
 */
export function predictedClasses(predictions: Predictions): Int32Array {
  const { logits, labels, classes } = predictions;
  return Int32Array.from(labels, (_, image) => {
    let best = 0;
    const value = (label: number): number => floatAt(logits, image * classes + label);
    for (let label = 1; label < classes; label++) if (value(label) > value(best)) best = label;
    return best;
  });
}

/**
 * Softmax probability of one class of each image.
 *
 * @param predictions - logits [N, C]
 * @param chosen - a class for each image [N]
 * @returns log p(chosen), float64 [N]
 */
export function logProbabilities(predictions: Predictions, chosen: Int32Array): Float64Array {
  const { logits, classes } = predictions;
  return Float64Array.from(chosen, (label, image) => {
    const start = image * classes;
    return floatAt(logits, start + label) - logSumExp(logits, start, classes);
  });
}

/**
 * Mean negative log likelihood of the true classes, in nats: cross entropy without smoothing or weights.
 *
 * @param predictions - logits and labels
 * @returns −mean log p_y; 0 of no images
 */
export function negativeLogLikelihood(predictions: Predictions): number {
  const values = logProbabilities(predictions, predictions.labels);
  return values.length === 0 ? 0 : -values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Share of images whose class is among the k most likely ones. Classes with equal logits count in order of their number.
 *
 * @param predictions - logits and labels
 * @param k - how many classes count, ≥ 1
 * @returns top-k accuracy in [0, 1]; 0 of no images
 */
export function topAccuracy(predictions: Predictions, k: number): number {
  const { logits, labels, classes } = predictions;
  let hits = 0;
  labels.forEach((label, image) => {
    const row = logits.subarray(image * classes, (image + 1) * classes);
    const own = floatAt(row, label);
    let before = 0;
    row.forEach((value, other) => {
      if (value > own || (value === own && other < label)) before += 1;
    });
    if (before < k) hits += 1;
  });
  return labels.length === 0 ? 0 : hits / labels.length;
}

/** Images whose predicted class has a probability in one bin. Sums, so that bins can be added up. */
export interface CalibrationBin {
  readonly count: number;
  /** Images whose class was found. */
  readonly hits: number;
  /** Σ of the probabilities of the predicted classes. */
  readonly certainty: number;
}

/**
 * Puts images into equal bins (b/B, (b+1)/B] by the probability of their predicted class.
 *
 * @param predictions - logits and labels
 * @param bins - B; 15 as in Guo et al.
 * @returns the B bins, lowest first: what a reliability diagram shows
 */
export function calibrationBins(predictions: Predictions, bins = 15): readonly CalibrationBin[] {
  const predicted = predictedClasses(predictions);
  const filled = Array.from({ length: bins }, () => ({ count: 0, hits: 0, certainty: 0 }));
  logProbabilities(predictions, predicted).forEach((value, image) => {
    const certainty = Math.exp(value);
    const bin = filled[Math.min(bins - 1, Math.max(0, Math.ceil(certainty * bins) - 1))];
    if (!bin) return;
    bin.count += 1;
    bin.certainty += certainty;
    if (predicted[image] === predictions.labels[image]) bin.hits += 1;
  });
  return filled;
}

/**
 * Expected calibration error (Naeini et al., AAAI 2015; Guo et al., ICML 2017):
 * Σ_b (n_b/N) |accuracy of b − mean probability in b| over the bins of {@link calibrationBins}.
 *
 * @param predictions - logits and labels
 * @param bins - B; 15 as in Guo et al.
 * @returns the error in [0, 1]; 0 of no images
 */
export function expectedCalibrationError(predictions: Predictions, bins = 15): number {
  const total = calibrationBins(predictions, bins).reduce(
    (sum, { hits, certainty }) => sum + Math.abs(hits - certainty),
    0,
  );
  return predictions.labels.length === 0 ? 0 : total / predictions.labels.length;
}
