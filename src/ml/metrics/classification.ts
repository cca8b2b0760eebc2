import { accuracy, confusionMatrix, macroF1, meanPerClassAccuracy, perClass } from './confusion.ts';
import type { ClassScores, Confusion } from './confusion.ts';
import { expectedCalibrationError, negativeLogLikelihood, predictedClasses, topAccuracy } from './probabilities.ts';
import type { Predictions } from './probabilities.ts';

/** The numbers of one evaluation, by the names that tables use. */
export interface Scores {
  readonly accuracy: number;
  /** Mean per-class accuracy. */
  readonly mpa: number;
  readonly top5: number;
  /** Mean negative log likelihood, nats. */
  readonly nll: number;
  /** Expected calibration error, 15 bins. */
  readonly ece: number;
  readonly macro_f1: number;
}

/** Scores, and the tables that they are made of. */
export interface Classification {
  readonly scores: Scores;
  readonly confusion: Confusion;
  readonly perClass: readonly ClassScores[];
  /** Predicted classes [N]. */
  readonly predicted: Int32Array;
}

/**
 * Computes every metric of a set of predictions.
 *
 * @param predictions - logits and labels of at least one image
 * @returns scores, confusion matrix, scores of each class, predicted classes
 */
export function classification(predictions: Predictions): Classification {
  const predicted = predictedClasses(predictions);
  const confusion = confusionMatrix(predictions.labels, predicted, predictions.classes);
  const classes = perClass(confusion);
  const scores = {
    accuracy: accuracy(confusion),
    mpa: meanPerClassAccuracy(classes),
    top5: topAccuracy(predictions, 5),
    nll: negativeLogLikelihood(predictions),
    ece: expectedCalibrationError(predictions),
    macro_f1: macroF1(classes),
  };
  return { scores, confusion, perClass: classes, predicted };
}
