import { agreement, predictiveDivergence } from './agreement.ts';
import { accuracy, kappa, macroF1, meanPerClassRecall, type ClassScores, type Confusion } from './confusion.ts';
import { expectedCalibrationError, negativeLogLikelihood, topAccuracy, type Predictions } from './probabilities.ts';

/** What a metric is made of. */
export interface Judged {
  readonly predictions: Predictions;
  readonly confusion: Confusion;
  readonly perClass: readonly ClassScores[];
}

/** A number that says how good predictions are. */
export interface Metric {
  /** A clause for `kdpipe list metrics`. */
  readonly summary: string;
  /** True for a share of the images: other images of the same kind give it the noise of a binomial share, or less. */
  readonly share?: boolean;
  readonly value: (judged: Judged) => number;
}

/** A number that says how near a student is to its teacher. */
export interface TeacherMetric {
  /** A clause for `kdpipe list metrics`. */
  readonly summary: string;
  /** See {@link Metric.share}. */
  readonly share?: boolean;
  readonly value: (student: Predictions, teacher: Predictions) => number;
}

/** Metrics of one evaluation, by the names that tables use. */
export const metrics = {
  accuracy: {
    summary: 'share of images whose class was found',
    share: true,
    value: ({ confusion }) => accuracy(confusion),
  },
  mpa: {
    summary: 'mean per-class recall, over the classes that have images',
    // Of classes of equal size: Σ r(1 − r)/C of their recalls is at most r̄(1 − r̄).
    share: true,
    value: ({ perClass }) => meanPerClassRecall(perClass),
  },
  top5: {
    summary: 'share of images whose class is among the five most likely ones',
    share: true,
    value: ({ predictions }) => topAccuracy(predictions, 5),
  },
  nll: {
    summary: 'mean negative log likelihood of the true classes, nats',
    value: ({ predictions }) => negativeLogLikelihood(predictions),
  },
  ece: {
    summary: 'expected calibration error, 15 bins',
    value: ({ predictions }) => expectedCalibrationError(predictions),
  },
  kappa: {
    summary: 'Cohen’s kappa: agreement with the labels beyond chance',
    value: ({ perClass, confusion }) => kappa(perClass, accuracy(confusion)),
  },
  macro_f1: {
    summary: 'F1, averaged over the classes that have images or were predicted',
    value: ({ perClass }) => macroF1(perClass),
  },
  micro_f1: {
    summary: 'F1 of all classes’ hits and misses together; of one class an image it is the accuracy',
    share: true,
    // Every miss is one false positive and one false negative: 2·hits / (2·hits + 2·misses).
    value: ({ confusion }) => accuracy(confusion),
  },
  images: {
    summary: 'number of images that the others are taken over',
    value: ({ predictions }) => predictions.labels.length,
  },
} satisfies Record<string, Metric>;

/** Metrics that need a teacher's predictions of the same images. */
export const teacherMetrics = {
  agreement: {
    summary: 'share of images for which student and teacher predict the same class',
    share: true,
    value: agreement,
  },
  teacher_kl: {
    summary: 'mean KL divergence of the student’s probabilities from the teacher’s, nats',
    value: predictiveDivergence,
  },
} satisfies Record<string, TeacherMetric>;
