import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracy, confusionMatrix, macroF1, meanPerClassRecall, perClass } from '../../../src/ml/metrics/confusion.ts';

/** Pairs of a true and a predicted class. */
const sets = fc.integer({ min: 1, max: 7 }).chain((classes) =>
  fc.record({
    classes: fc.constant(classes),
    pairs: fc.array(fc.tuple(fc.nat(classes - 1), fc.nat(classes - 1)), { maxLength: 60 }),
  }),
);
type Pairs = readonly (readonly [number, number])[];

const matrixOf = (pairs: Pairs, classes: number) =>
  confusionMatrix(
    Int32Array.from(pairs, ([label]) => label),
    Int32Array.from(pairs, ([, guess]) => guess),
    classes,
  );
/** A share, 0 of nothing. */
const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

describe('scores of a class', () => {
  it('are shares of its images and of its predictions, counted pair by pair', () => {
    fc.assert(
      fc.property(sets, ({ classes, pairs }) => {
        const scores = perClass(matrixOf(pairs, classes));
        expect(scores).toHaveLength(classes);
        scores.forEach(({ precision, recall, f1, support, predicted }, own) => {
          const count = (holds: (label: number, guess: number) => boolean) =>
            pairs.filter(([label, guess]) => holds(label, guess)).length;
          const hits = count((label, guess) => label === own && guess === own);
          const missed = count((label, guess) => label === own && guess !== own);
          const mistaken = count((label, guess) => label !== own && guess === own);
          expect([support, predicted]).toEqual([hits + missed, hits + mistaken]);
          expect(precision).toBe(share(hits, hits + mistaken));
          expect(recall).toBe(share(hits, hits + missed));
          // van Rijsbergen's F with β = 1, as counts.
          expect(f1).toBeCloseTo(share(hits, hits + (missed + mistaken) / 2), 14);
        });
      }),
      { seed: 51, numRuns: 200 },
    );
  });

  it('change places with the roles of truth and prediction', () => {
    fc.assert(
      fc.property(sets, ({ classes, pairs }) => {
        const there = perClass(matrixOf(pairs, classes));
        const back = perClass(
          matrixOf(
            pairs.map(([label, guess]) => [guess, label]),
            classes,
          ),
        );
        expect(back).toEqual(
          there.map(({ precision, recall, f1, support, predicted }) => ({
            ...{ precision: recall, recall: precision, f1 },
            ...{ support: predicted, predicted: support },
          })),
        );
      }),
      { seed: 52 },
    );
  });

  it('move with the class where classes are numbered otherwise', () => {
    fc.assert(
      fc.property(sets, fc.nat(6), ({ classes, pairs }, by) => {
        const turned = (label: number) => (label + by) % classes;
        const there = perClass(matrixOf(pairs, classes));
        const moved = perClass(
          matrixOf(
            pairs.map(([label, guess]) => [turned(label), turned(guess)]),
            classes,
          ),
        );
        there.forEach((scores, label) => expect(moved[turned(label)]).toEqual(scores));
      }),
      { seed: 53 },
    );
  });
});

describe('the averages over classes', () => {
  it('lie between the worst and the best class that counts', () => {
    fc.assert(
      fc.property(sets, ({ classes, pairs }) => {
        fc.pre(pairs.length > 0);
        const scores = perClass(matrixOf(pairs, classes));
        const recalls = scores.filter(({ support }) => support > 0).map(({ recall }) => recall);
        expect(meanPerClassRecall(scores)).toBeGreaterThanOrEqual(Math.min(...recalls) - 1e-12);
        expect(meanPerClassRecall(scores)).toBeLessThanOrEqual(Math.max(...recalls) + 1e-12);
      }),
      { seed: 54 },
    );
  });

  it('weigh classes alike: MPA is accuracy where every class has as many images', () => {
    const balanced = fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(balanced, (rounds) => {
        const pairs = rounds.flatMap((guesses) => guesses.map((guess, label) => [label, guess] as const));
        const matrix = matrixOf(pairs, 4);
        expect(meanPerClassRecall(perClass(matrix))).toBeCloseTo(accuracy(matrix), 12);
      }),
      { seed: 55 },
    );
  });

  it('do not change when every image is counted twice', () => {
    fc.assert(
      fc.property(sets, ({ classes, pairs }) => {
        const [once, twice] = [matrixOf(pairs, classes), matrixOf([...pairs, ...pairs], classes)];
        expect(accuracy(twice)).toBe(accuracy(once));
        expect(meanPerClassRecall(perClass(twice))).toBe(meanPerClassRecall(perClass(once)));
        expect(macroF1(perClass(twice))).toBe(macroF1(perClass(once)));
      }),
      { seed: 56 },
    );
  });

  it.each<[string, Pairs, number, { accuracy: number; mpa: number; f1: number }]>([
    ['of no images are 0', [], 3, { accuracy: 0, mpa: 0, f1: 0 }],
    ['of one class are 1', [[0, 0]], 1, { accuracy: 1, mpa: 1, f1: 1 }],
    // Ten of class 0, all found; one of class 1, missed.
    [
      'see a rare class that accuracy overlooks',
      [...Array<readonly [number, number]>(10).fill([0, 0]), [1, 0]],
      2,
      { accuracy: 10 / 11, mpa: 0.5, f1: 20 / 21 / 2 },
    ],
    [
      'leave a class out that is neither there nor predicted',
      [
        [0, 0],
        [1, 1],
      ],
      9,
      { accuracy: 1, mpa: 1, f1: 1 },
    ],
    // Class 2 has no image, and one prediction: its F1 of 0 counts, its recall does not.
    [
      'count a class without images in F1 where it is predicted',
      [
        [0, 0],
        [1, 2],
      ],
      3,
      { accuracy: 0.5, mpa: 0.5, f1: 1 / 3 },
    ],
    [
      'are 0 where everything is mistaken',
      [
        [0, 1],
        [1, 0],
      ],
      2,
      { accuracy: 0, mpa: 0, f1: 0 },
    ],
  ])('%s', (_, pairs, classes, expected) => {
    const matrix = matrixOf(pairs, classes);
    const scores = perClass(matrix);
    expect(accuracy(matrix)).toBeCloseTo(expected.accuracy, 14);
    expect(meanPerClassRecall(scores)).toBeCloseTo(expected.mpa, 14);
    expect(macroF1(scores)).toBeCloseTo(expected.f1, 14);
  });
});
