import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expectedCalibrationError,
  logProbabilities,
  negativeLogLikelihood,
  predictedClasses,
  topAccuracy,
  type Predictions,
} from '../../../src/ml/metrics/probabilities.ts';

const predictions = fc.integer({ min: 1, max: 8 }).chain((classes) =>
  fc
    .array(
      fc.record({
        label: fc.nat(classes - 1),
        logits: fc.array(fc.integer({ min: -12, max: 12 }), { minLength: classes, maxLength: classes }),
      }),
      { minLength: 1, maxLength: 20 },
    )
    .map((images): Predictions & { readonly rows: readonly (readonly number[])[] } => ({
      classes,
      labels: Int32Array.from(images, ({ label }) => label),
      logits: Float32Array.from(images.flatMap(({ logits }) => logits)),
      rows: images.map(({ logits }) => logits),
    })),
);
/** The same predictions with another value for each logit. */
const mapped = (of: Predictions, change: (logit: number, image: number) => number): Predictions => ({
  ...of,
  logits: of.logits.map((logit, i) => change(logit, Math.floor(i / of.classes))),
});

describe('log probabilities', () => {
  it('of all classes of an image add up to one', () => {
    fc.assert(
      fc.property(predictions, (of) => {
        const sums = new Float64Array(of.labels.length);
        for (let label = 0; label < of.classes; label++)
          logProbabilities(of, new Int32Array(of.labels.length).fill(label)).forEach((value, image) => {
            expect(value).toBeLessThanOrEqual(0);
            sums[image]! += Math.exp(value);
          });
        for (const sum of sums) expect(sum).toBeCloseTo(1, 12);
      }),
      { seed: 61 },
    );
  });

  it('do not change when a number is added to an image’s logits', () => {
    fc.assert(
      fc.property(predictions, fc.integer({ min: -1000, max: 1000 }), (of, shift) => {
        const moved = logProbabilities(
          mapped(of, (logit, image) => logit + shift * (image + 1)),
          of.labels,
        );
        logProbabilities(of, of.labels).forEach((value, image) => expect(moved[image]).toBeCloseTo(value, 9));
      }),
      { seed: 62 },
    );
  });

  it('differ as the logits do', () => {
    fc.assert(
      fc.property(predictions, (of) => {
        const [first, own] = [new Int32Array(of.labels.length), of.labels];
        const [a, b] = [logProbabilities(of, first), logProbabilities(of, own)];
        of.rows.forEach((row, image) => expect(b[image]! - a[image]!).toBeCloseTo(row[own[image]!]! - row[0]!, 10));
      }),
      { seed: 63 },
    );
  });

  it('are right where exponentials would overflow or vanish', () => {
    const of = { logits: Float32Array.from([3e38, -3e38, -2000, -2001]), labels: Int32Array.of(0, 1), classes: 2 };
    const [first, second] = [logProbabilities(of, Int32Array.of(0, 0)), logProbabilities(of, Int32Array.of(1, 1))];
    expect([first[0], second[0]]).toEqual([0, -2 * Math.fround(3e38)]);
    expect(first[1]).toBeCloseTo(-Math.log1p(Math.exp(-1)), 12);
    expect(second[1]).toBeCloseTo(-1 - Math.log1p(Math.exp(-1)), 12);
  });
});

describe('negative log likelihood', () => {
  it('is the logarithm of the number of classes where nothing is known, and 0 of one class', () => {
    fc.assert(
      fc.property(predictions, (of) => {
        expect(negativeLogLikelihood(mapped(of, () => 7))).toBeCloseTo(Math.log(of.classes), 12);
      }),
      { seed: 64 },
    );
  });

  it('falls when the logit of the true class rises', () => {
    fc.assert(
      fc.property(predictions, (of) => {
        fc.pre(of.classes > 1);
        const logits = of.logits.slice();
        of.labels.forEach((label, image) => (logits[image * of.classes + label]! += 1));
        expect(negativeLogLikelihood({ ...of, logits })).toBeLessThan(negativeLogLikelihood(of));
      }),
      { seed: 65 },
    );
  });

  it('of no images is 0, like every other score', () => {
    const none = { logits: new Float32Array(), labels: new Int32Array(), classes: 4 };
    const scores = [negativeLogLikelihood(none), topAccuracy(none, 1), expectedCalibrationError(none)];
    expect(scores).toEqual([0, 0, 0]);
    expect(predictedClasses(none)).toHaveLength(0);
  });
});

describe('top-k accuracy', () => {
  it('grows with k from accuracy to 1, whatever the ties', () => {
    fc.assert(
      fc.property(predictions, (of) => {
        const predicted = predictedClasses(of);
        const hits = of.labels.filter((label, image) => label === predicted[image]).length;
        const shares = Array.from({ length: of.classes }, (_, k) => topAccuracy(of, k + 1));
        expect(shares[0]).toBe(hits / of.labels.length);
        expect(shares.at(-1)).toBe(1);
        expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      }),
      { seed: 66, numRuns: 200 },
    );
  });

  it('does not change when logits are scaled or moved: only their order counts', () => {
    fc.assert(
      fc.property(predictions, fc.integer({ min: 1, max: 8 }), (of, k) => {
        expect(
          topAccuracy(
            mapped(of, (logit) => 4 * logit + 3),
            k,
          ),
        ).toBe(topAccuracy(of, k));
      }),
      { seed: 67 },
    );
  });

  it('finds each class of an image once among its k first', () => {
    fc.assert(
      fc.property(predictions, fc.integer({ min: 1, max: 8 }), ({ rows, classes }, k) => {
        const [row = []] = rows;
        const found = Array.from({ length: classes }, (_, label) =>
          topAccuracy({ logits: Float32Array.from(row), labels: Int32Array.of(label), classes }, k),
        );
        expect(found.reduce((sum, hit) => sum + hit, 0)).toBe(Math.min(k, classes));
      }),
      { seed: 68 },
    );
  });
});

describe('expected calibration error', () => {
  it('lies between 0 and 1, and in one bin is the gap of accuracy and mean certainty', () => {
    fc.assert(
      fc.property(predictions, (of) => {
        const error = expectedCalibrationError(of);
        expect(error).toBeGreaterThanOrEqual(0);
        expect(error).toBeLessThanOrEqual(1);
        const certainties = logProbabilities(of, predictedClasses(of)).map(Math.exp);
        const certainty = certainties.reduce((sum, value) => sum + value, 0) / of.labels.length;
        expect(expectedCalibrationError(of, 1)).toBeCloseTo(Math.abs(topAccuracy(of, 1) - certainty), 12);
      }),
      { seed: 69 },
    );
  });

  it('does not fall when bins are halved: errors cancel within a bin alone', () => {
    fc.assert(
      fc.property(predictions, fc.constantFrom(1, 2, 4, 8), (of, bins) => {
        expect(expectedCalibrationError(of, 2 * bins)).toBeGreaterThanOrEqual(
          expectedCalibrationError(of, bins) - 1e-12,
        );
      }),
      { seed: 70 },
    );
  });

  it('puts a probability on the border of two bins into the lower one', () => {
    // ½ is the border of two bins: with a hit at ½ and a miss at ¾ the bins' gaps add up, in one they would cancel.
    const logits = Float32Array.from([0, 0, Math.log(3), 0]);
    const of = { logits, labels: Int32Array.of(0, 1), classes: 2 };
    expect(expectedCalibrationError(of, 2)).toBeCloseTo((0.5 + 0.75) / 2, 7);
    expect(expectedCalibrationError(of, 1)).toBeCloseTo((0.75 - 0.5) / 2, 7);
  });
});
