import { intAt } from '../../util/at.ts';
/** Counts [C, C], row-major: rows are true classes, columns are predicted ones. */
export interface Confusion {
  readonly classes: number;
  readonly counts: Uint32Array;
}

/** How well one class is found. Ratios whose denominator is 0 are 0. */
export interface ClassScores {
  /** Share of the images predicted as this class that are of it. */
  readonly precision: number;
  /** Share of the class's images that are found. */
  readonly recall: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
  /** Number of images of the class. */
  readonly support: number;
  /** Number of images predicted as the class. */
  readonly predicted: number;
}

/**
 * Counts what was taken for what.
 *
 * @param labels - true classes [N]
 * @param predicted - predicted classes [N]
 * @param classes - C
 * @returns the confusion matrix
 */
export function confusionMatrix(labels: Int32Array, predicted: Int32Array, classes: number): Confusion {
  const counts = new Uint32Array(classes * classes);
  labels.forEach((label, i) => {
    const cell = label * classes + intAt(predicted, i);
    counts[cell] = intAt(counts, cell) + 1;
  });
  return { classes, counts };
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const mean = (values: readonly number[]): number =>
  ratio(
    values.reduce((sum, value) => sum + value, 0),
    values.length,
  );

/**
 * Precision, recall, F1 and support of every class.
 *
 * @param confusion - the confusion matrix
 * @returns scores in the order of the classes
 */
export function perClass(confusion: Confusion): readonly ClassScores[] {
  const { classes, counts } = confusion;
  return Array.from({ length: classes }, (_, own) => {
    let support = 0;
    let predicted = 0;
    for (let other = 0; other < classes; other++) {
      support += intAt(counts, own * classes + other);
      predicted += intAt(counts, other * classes + own);
    }
    const hits = intAt(counts, own * classes + own);
    const f1 = ratio(2 * hits, support + predicted);
    return { precision: ratio(hits, predicted), recall: ratio(hits, support), f1, support, predicted };
  });
}

/**
 * Share of images whose class was found.
 *
 * @param confusion - the confusion matrix
 * @returns accuracy in [0, 1]; 0 of no images
 */
export function accuracy(confusion: Confusion): number {
  const { classes, counts } = confusion;
  let hits = 0;
  for (let own = 0; own < classes; own++) hits += intAt(counts, own * classes + own);
  return ratio(
    hits,
    counts.reduce((sum, count) => sum + count, 0),
  );
}

/**
 * Mean per-class recall, over the classes that have images: `mpa` in files and tables.
 *
 * @param scores - of every class
 * @returns MPA in [0, 1]
 */
export function meanPerClassRecall(scores: readonly ClassScores[]): number {
  return mean(scores.filter((score) => score.support > 0).map((score) => score.recall));
}

/**
 * F1, averaged over the classes that have images or were predicted (as scikit-learn does).
 *
 * @param scores - of every class
 * @returns macro F1 in [0, 1]
 */
export function macroF1(scores: readonly ClassScores[]): number {
  return mean(scores.filter((score) => score.support + score.predicted > 0).map((score) => score.f1));
}

/**
 * Cohen's kappa: how far agreement with the labels exceeds that of chance, (p_o − p_e)/(1 − p_e), with p_o the accuracy and
 * p_e = Σ_c support_c · predicted_c / N² (Cohen, "A coefficient of agreement for nominal scales", 1960).
 *
 * @param scores - of every class
 * @param hits - share of images whose class was found: the accuracy
 * @returns kappa in [−1, 1]; 0 where all images are of one class and predicted as it, since chance would do as well
 */
export function kappa(scores: readonly ClassScores[], hits: number): number {
  const images = scores.reduce((sum, { support }) => sum + support, 0);
  const chance = ratio(
    scores.reduce((sum, { support, predicted }) => sum + support * predicted, 0),
    images * images,
  );
  return ratio(hits - chance, 1 - chance);
}
