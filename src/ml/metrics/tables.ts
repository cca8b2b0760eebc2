import { doubleAt } from '../../util/at.ts';
import { csvText } from '../../util/csv-text.ts';
import type { Classification } from './classification.ts';
import { calibrationBins, logProbabilities, type Predictions } from './probabilities.ts';

/** One split, measured in one way. */
export interface Measured {
  readonly split: string;
  readonly tta: string;
  /** Where each image came from [N]. */
  readonly names: readonly string[];
  readonly predictions: Predictions;
  readonly result: Classification;
}

/**
 * Scores of every class as CSV, one row a split, augmentation and class.
 *
 * @param measured - all measurements
 * @param classes - names of the classes
 * @returns the file's text
 */
export function perClassTable(measured: readonly Measured[], classes: readonly string[]): string {
  const rows = measured.flatMap(({ split, tta, result }) =>
    result.perClass.map((scores, label) => {
      const { precision, recall, f1, support, predicted } = scores;
      return [split, tta, classes[label] ?? label, precision, recall, f1, support, predicted];
    }),
  );
  return csvText(['split', 'tta', 'class', 'precision', 'recall', 'f1', 'support', 'predicted'], rows);
}

/**
 * Confusion matrices as CSV, one row a split, augmentation and true class; a column a predicted class.
 *
 * @param measured - all measurements
 * @param classes - names of the classes
 * @returns the file's text
 */
export function confusionTable(measured: readonly Measured[], classes: readonly string[]): string {
  const rows = measured.flatMap(({ split, tta, result }) =>
    classes.map((name, label) => {
      const start = label * classes.length;
      return [split, tta, name, ...result.confusion.counts.subarray(start, start + classes.length)];
    }),
  );
  return csvText(['split', 'tta', 'class', ...classes], rows);
}

/**
 * Predictions as CSV, one row a split, augmentation and image, with the probability of the predicted class.
 *
 * @param measured - all measurements
 * @param classes - names of the classes
 * @returns the file's text
 */
export function predictionTable(measured: readonly Measured[], classes: readonly string[]): string {
  const nameOf = (label: number | undefined): string => classes[label ?? -1] ?? '';
  const rows = measured.flatMap(({ split, tta, names, predictions, result }) => {
    const certainty = logProbabilities(predictions, result.predicted);
    return names.map((name, image) => {
      const probability = Math.exp(doubleAt(certainty, image)).toPrecision(6);
      return [split, tta, name, nameOf(predictions.labels[image]), nameOf(result.predicted[image]), probability];
    });
  });
  return csvText(['split', 'tta', 'name', 'label', 'predicted', 'probability'], rows);
}

/**
 * Reliability tables as CSV, one row a split, augmentation and bin of the predicted class's probability: how many images,
 * their mean probability and their accuracy; empty where a bin has none.
 *
 * @param measured - all measurements
 * @returns the file's text
 */
export function calibrationTable(measured: readonly Measured[]): string {
  const rows = measured.flatMap(({ split, tta, predictions }) => {
    const bins = calibrationBins(predictions);
    return bins.map(({ count, hits, certainty }, bin) => [
      ...[split, tta, bin / bins.length, (bin + 1) / bins.length, count],
      ...(count === 0 ? ['', ''] : [certainty / count, hits / count]),
    ]);
  });
  return csvText(['split', 'tta', 'above', 'up_to', 'count', 'confidence', 'accuracy'], rows);
}
