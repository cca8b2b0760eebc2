import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  classification,
  teacherScores,
  type Scores,
  type TeacherScores,
} from '../../../src/ml/metrics/classification.ts';
import { confusionMatrix } from '../../../src/ml/metrics/confusion.ts';
import {
  calibrationBins,
  expectedCalibrationError,
  predictedClasses,
  topAccuracy,
} from '../../../src/ml/metrics/probabilities.ts';

/** One set of predictions with what others make of it. */
interface Reference {
  readonly name: string;
  readonly classes: number;
  readonly logits: readonly number[];
  readonly labels: readonly number[];
  readonly teacher: readonly number[];
  readonly scores: Scores;
  readonly teacherScores: TeacherScores;
  /** Count, mean confidence, accuracy. */
  readonly bins: readonly (readonly [number, number | null, number | null])[];
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: Readonly<Record<'precision' | 'recall' | 'f1' | 'support', readonly number[]>>;
  /** Null where pycm leaves a number undefined. */
  readonly pycm: Readonly<Record<'accuracy' | 'kappa' | 'micro_f1', number | null>> &
    Readonly<Record<'precision' | 'recall' | 'f1' | 'support' | 'predicted', readonly (number | null)[]>>;
}

/** Made by scikit-learn, pycm and SciPy: test/reference/metrics.py. */
const references = JSON.parse(
  readFileSync(new URL('../../fixtures/metrics.json', import.meta.url), 'utf8'),
) as readonly Reference[];

const predictionsOf = ({ logits, labels, classes }: Reference) => ({
  logits: Float32Array.from(logits),
  labels: Int32Array.from(labels),
  classes,
});
/** Logits of images whose predicted class is certain to the degree given. */
const certain = (probabilities: readonly number[], labels: readonly number[]) => ({
  logits: Float32Array.from(probabilities.flatMap((p) => [Math.log(p), Math.log(1 - p)])),
  labels: Int32Array.from(labels),
  classes: 2,
});

describe.each(references)('classification: $name', (reference) => {
  const predictions = predictionsOf(reference);
  const result = classification(predictions);

  it('has scikit-learn’s number of every score', () => {
    expect(Object.keys(result.scores).sort()).toEqual(Object.keys(reference.scores).sort());
    for (const [name, value] of Object.entries(reference.scores))
      expect(result.scores[name as keyof Scores], name).toBeCloseTo(value, 12);
  });

  it('has scikit-learn’s numbers of every class', () => {
    for (const [name, values] of Object.entries(reference.perClass))
      result.perClass.forEach((scores, label) =>
        expect(scores[name as keyof typeof scores], name).toBeCloseTo(values[label]!, 12),
      );
  });

  it('has pycm’s numbers, and 0 where a denominator is 0 and pycm leaves them undefined', () => {
    const { pycm } = reference;
    for (const name of ['accuracy', 'kappa', 'micro_f1'] as const)
      expect(result.scores[name], name).toBeCloseTo(pycm[name] ?? 0, 12);
    for (const name of ['precision', 'recall', 'f1', 'support', 'predicted'] as const)
      result.perClass.forEach((scores, label) => expect(scores[name], name).toBeCloseTo(pycm[name][label] ?? 0, 12));
  });

  it('has scikit-learn’s confusion matrix, rows true and columns predicted', () => {
    expect([...result.confusion.counts]).toEqual(reference.confusion.flat());
  });

  it('has the bins of scikit-learn’s calibration curve', () => {
    const bins = calibrationBins(predictions);
    expect(bins.map(({ count }) => count)).toEqual(reference.bins.map(([count]) => count));
    bins.forEach(({ count, certainty, hits }, bin) => {
      const [, confidence, accuracy] = reference.bins[bin]!;
      expect(certainty).toBeCloseTo(count * (confidence ?? 0), 12);
      expect(hits).toBeCloseTo(count * (accuracy ?? 0), 12);
    });
  });

  it('has scikit-learn’s agreement with a teacher, and SciPy’s divergence from it', () => {
    const scores = teacherScores(predictions, Float32Array.from(reference.teacher));
    expect(scores.agreement).toBeCloseTo(reference.teacherScores.agreement, 12);
    expect(scores.teacher_kl).toBeCloseTo(reference.teacherScores.teacher_kl, 12);
  });
});

describe('a student that says what its teacher says', () => {
  it('agrees with it wholly and diverges nowhere, whatever the labels', () => {
    for (const reference of references) {
      const predictions = predictionsOf(reference);
      expect(teacherScores(predictions, predictions.logits)).toEqual({ agreement: 1, teacher_kl: 0 });
    }
  });

  it('diverges by the logarithm of the number of classes where it is sure and the student knows nothing', () => {
    const student = { logits: new Float32Array(4), labels: Int32Array.of(3), classes: 4 };
    expect(teacherScores(student, Float32Array.of(0, 900, 0, 0)).teacher_kl).toBeCloseTo(Math.log(4), 12);
  });
});

describe('a confusion matrix', () => {
  it('counts every image once, and its diagonal are the hits', () => {
    const sets = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(sets, (pairs) => {
        const labels = Int32Array.from(pairs, ([label]) => label);
        const predicted = Int32Array.from(pairs, ([, guess]) => guess);
        const { counts } = confusionMatrix(labels, predicted, 5);
        for (let row = 0; row < 5; row++)
          for (let column = 0; column < 5; column++)
            expect(counts[row * 5 + column]).toBe(pairs.filter(([l, p]) => l === row && p === column).length);
      }),
      { seed: 3 },
    );
  });
});

describe('predicted classes', () => {
  it('are the first of equal maxima', () => {
    const logits = Float32Array.from([1, 5, 5, -2, -3, -2]);
    expect([...predictedClasses({ logits, labels: Int32Array.from([0, 0]), classes: 3 })]).toEqual([1, 0]);
  });
});

describe('top-k accuracy', () => {
  it('counts an image whose class is among the k largest, ties in order of class', () => {
    const logits = Float32Array.from([3, 2, 2, 1]);
    const hit = (label: number, k: number) => topAccuracy({ logits, labels: Int32Array.of(label), classes: 4 }, k);
    expect([hit(0, 1), hit(1, 1), hit(1, 2), hit(2, 2), hit(2, 3), hit(3, 3), hit(3, 4)]).toEqual([
      1, 0, 1, 0, 1, 0, 1,
    ]);
  });

  it('is 1 where k reaches the number of classes, and top-1 is accuracy', () => {
    for (const reference of references) {
      const predictions = predictionsOf(reference);
      expect(topAccuracy(predictions, reference.classes)).toBe(1);
      expect(topAccuracy(predictions, 1)).toBeCloseTo(reference.scores.accuracy, 12);
    }
  });
});

describe('expected calibration error', () => {
  it('is the gap between certainty and hits, weighed by bin', () => {
    // Two images at 0.9, one hit: gap 0.4; one at 0.6, a hit: gap 0.4; all in own bins: (2·0.4 + 0.4)/3.
    expect(expectedCalibrationError(certain([0.9, 0.9, 0.6], [0, 1, 0]))).toBeCloseTo(0.4, 6);
  });

  it('lets errors of opposite sign cancel within a bin alone', () => {
    // 0.8 with four hits of five is calibrated; over- and underconfidence in different bins are not.
    expect(expectedCalibrationError(certain([0.8, 0.8, 0.8, 0.8, 0.8], [0, 0, 0, 0, 1]))).toBeCloseTo(0, 6);
    expect(expectedCalibrationError(certain([0.95, 0.55], [1, 0]))).toBeCloseTo((0.95 + 0.45) / 2, 6);
  });

  it('is zero for certain hits and one for certain misses', () => {
    const sure = { logits: Float32Array.from([900, 0]), classes: 2 };
    expect(expectedCalibrationError({ ...sure, labels: Int32Array.of(0) })).toBe(0);
    expect(expectedCalibrationError({ ...sure, labels: Int32Array.of(1) })).toBe(1);
  });
});
