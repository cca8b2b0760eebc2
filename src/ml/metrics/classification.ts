import { confusionMatrix, perClass, type ClassScores, type Confusion } from './confusion.ts';
import { predictedClasses, type Predictions } from './probabilities.ts';
import { metrics, teacherMetrics, type Metric } from './registry.ts';

/** The numbers of one evaluation. */
export type Scores = Readonly<Record<keyof typeof metrics, number>>;

/** How near a student is to its teacher. */
export type TeacherScores = Readonly<Record<keyof typeof teacherMetrics, number>>;

/** Scores, and the tables that they are made of. */
export interface Classification {
  readonly scores: Scores;
  /** Values of further metrics, by name. */
  readonly added: Readonly<Record<string, number>>;
  readonly confusion: Confusion;
  readonly perClass: readonly ClassScores[];
  /** Predicted classes [N]. */
  readonly predicted: Int32Array;
}

/** Asks every entry of a registry. */
function valuesOf<Name extends string, Entry>(
  registry: Readonly<Record<Name, Entry>>,
  value: (entry: Entry) => number,
): Readonly<Record<Name, number>> {
  const entries = Object.entries<Entry>(registry).map(([name, entry]) => [name, value(entry)] as const);
  return Object.fromEntries(entries) as Record<Name, number>;
}

/**
 * Computes every metric of a set of predictions.
 *
 * @param predictions - logits and labels of at least one image
 * @param further - metrics beside ours, by name
 * @returns scores, confusion matrix, scores of each class, predicted classes
 */
export function classification(
  predictions: Predictions,
  further: Readonly<Record<string, Metric>> = {},
): Classification {
  const predicted = predictedClasses(predictions);
  const confusion = confusionMatrix(predictions.labels, predicted, predictions.classes);
  const judged = { predictions, confusion, perClass: perClass(confusion) };
  const value = (metric: Metric): number => metric.value(judged);
  const [scores, added] = [valuesOf(metrics, value), valuesOf(further, value)];
  return { scores, added, confusion, perClass: judged.perClass, predicted };
}

/**
 * Computes every metric that compares a student with its teacher.
 *
 * @param student - the student's predictions
 * @param teacher - the teacher's logits of the same images, [N, C]
 * @returns scores
 */
export function teacherScores(student: Predictions, teacher: Float32Array): TeacherScores {
  return valuesOf(teacherMetrics, ({ value }) => value(student, { ...student, logits: teacher }));
}
