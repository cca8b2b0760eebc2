import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classification } from '../../../src/ml/metrics/classification.ts';
import { confusionMatrix } from '../../../src/ml/metrics/confusion.ts';
import { expectedCalibrationError, predictedClasses, topAccuracy } from '../../../src/ml/metrics/probabilities.ts';

/** Made by scikit-learn: test/reference/metrics.py. */
const fixture = JSON.parse(readFileSync(new URL('../../fixtures/metrics.json', import.meta.url), 'utf8')) as {
  readonly confusion: readonly (readonly number[])[];
} & Readonly<Record<'logits' | 'labels' | 'precision' | 'recall' | 'f1' | 'support', readonly number[]>> &
  Readonly<Record<'accuracy' | 'mpa' | 'top5' | 'nll' | 'ece' | 'macro_f1', number>>;

const predictions = {
  logits: Float32Array.from(fixture.logits),
  labels: Int32Array.from(fixture.labels),
  classes: 8,
};
/** Logits of images whose predicted class is certain to the degree given. */
const certain = (probabilities: readonly number[], labels: readonly number[]) => ({
  logits: Float32Array.from(probabilities.flatMap((p) => [Math.log(p), Math.log(1 - p)])),
  labels: Int32Array.from(labels),
  classes: 2,
});

describe('classification', () => {
  const result = classification(predictions);

  it.each(['accuracy', 'mpa', 'top5', 'nll', 'macro_f1', 'ece'] as const)('has scikit-learn’s %s', (name) => {
    expect(result.scores[name]).toBeCloseTo(fixture[name], 10);
  });

  it.each(['precision', 'recall', 'f1', 'support'] as const)('has scikit-learn’s %s of every class', (name) => {
    result.perClass.forEach((scores, label) => expect(scores[name]).toBeCloseTo(fixture[name][label]!, 12));
  });

  it('has scikit-learn’s confusion matrix, rows true and columns predicted', () => {
    expect([...result.confusion.counts]).toEqual(fixture.confusion.flat());
  });

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
    expect(topAccuracy(predictions, 8)).toBe(1);
    expect(topAccuracy(predictions, 1)).toBeCloseTo(fixture.accuracy, 12);
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
