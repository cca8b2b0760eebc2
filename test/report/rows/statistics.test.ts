import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  confidence,
  differenceToPublished,
  mean,
  pairedDifference,
  sampleDeviation,
  welchDifference,
  type Difference,
} from '../../../src/report/rows/statistics.ts';

interface Described {
  readonly values: readonly number[];
  readonly mean: number;
  readonly sd: number;
}
interface Tested {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly mean: number;
  readonly p: number;
  readonly low: number;
  readonly high: number;
}
interface Published extends Omit<Tested, 'theirs'> {
  readonly published: number;
  readonly images: number | null;
}

/** Made by test/reference/scipy_statistics.py with scipy. */
const reference = JSON.parse(readFileSync('test/fixtures/statistics.json', 'utf8')) as {
  readonly describe: readonly Described[];
  readonly paired: readonly Tested[];
  readonly welch: readonly Tested[];
  readonly published: readonly Published[];
};

/** Pairs two lists by their places. */
const zipped = ({ ours, theirs }: Tested): readonly (readonly [number, number])[] =>
  ours.map((value, at) => [value, theirs[at] ?? NaN]);

/** What a test says of runs that spread. */
const known =
  <Args extends readonly unknown[]>(test: (...args: Args) => Difference | undefined) =>
  (...args: Args): Difference => {
    const found = test(...args);
    if (!found) throw new Error('nothing is said');
    return found;
  };

/** Runs' numbers: accuracies in steps of 1e-4, so that their spread is never only rounding. */
const accuracies = (size: { minLength: number; maxLength?: number }): fc.Arbitrary<number[]> =>
  fc.array(
    fc.integer({ min: 0, max: 10_000 }).map((steps) => steps / 10_000),
    { maxLength: 12, ...size },
  );

describe('mean and sample deviation', () => {
  it.each(reference.describe)("agree with scipy's on $values", ({ values, mean: wanted, sd }) => {
    expect(mean(values)).toBeCloseTo(wanted, 9);
    expect(sampleDeviation(values)).toBeCloseTo(sd, 9);
  });

  it('divide by n − 1', () => {
    expect(sampleDeviation([1, 3])).toBeCloseTo(Math.SQRT2, 15);
    expect(sampleDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 14);
  });

  it('know no deviation of a single run, nor of none', () => {
    expect(sampleDeviation([0.75])).toBeUndefined();
    expect(sampleDeviation([])).toBeUndefined();
  });

  it('find no spread in equal numbers, whatever their sum rounds to', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.integer({ min: 2, max: 20 }), (value, count) => {
        const values = new Array<number>(count).fill(value);
        expect(mean(values) === value).toBe(true);
        expect(sampleDeviation(values)).toBe(0);
      }),
    );
  });

  it('keep small spreads on large numbers', () => {
    expect(sampleDeviation([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBe(1);
  });

  it('do not depend on the order beyond rounding', () => {
    fc.assert(
      fc.property(accuracies({ minLength: 2 }), (values) => {
        expect(mean([...values].reverse())).toBeCloseTo(mean(values), 14);
        expect(sampleDeviation([...values].reverse())).toBeCloseTo(sampleDeviation(values) ?? NaN, 14);
      }),
    );
  });
});

describe("Student's paired t-test", () => {
  it.each(reference.paired)("agrees with scipy's ttest_rel: p = $p", (wanted) => {
    const got = known(pairedDifference)(zipped(wanted));
    expect(got.mean).toBeCloseTo(wanted.mean, 12);
    expect(got.p).toBeCloseTo(wanted.p, 9);
    expect(got.low).toBeCloseTo(wanted.low, 9);
    expect(got.high).toBeCloseTo(wanted.high, 9);
  });

  it('finds what seeds hide: a small gain on every seed is certain, though the seeds spread more', () => {
    const pairs = [
      [0.701, 0.691],
      [0.755, 0.744],
      [0.811, 0.802],
      [0.662, 0.651],
    ] as const;
    const welch = known(welchDifference)(
      pairs.map(([ours]) => ours),
      pairs.map(([, theirs]) => theirs),
    );
    expect(pairedDifference(pairs)?.p).toBeLessThan(0.001);
    expect(welch.p).toBeGreaterThan(0.8);
  });

  it.each([
    [
      [
        [2, 1],
        [3, 2],
        [7, 6],
      ],
    ],
    [
      [
        [2, 2],
        [3, 3],
      ],
    ],
    // Equal but for rounding: 0.75 - 0.7 and 0.85 - 0.8 are not the same double.
    [
      [
        [0.75, 0.7],
        [0.85, 0.8],
        [0.65, 0.6],
      ],
    ],
  ] as const)('says nothing of differences that are all equal, whose noise does not show: %j', (pairs) => {
    expect(pairedDifference(pairs)).toBeUndefined();
  });

  it('changes its sign with the sides', () => {
    fc.assert(
      fc.property(accuracies({ minLength: 3, maxLength: 3 }), accuracies({ minLength: 3, maxLength: 3 }), (a, b) => {
        const there = pairedDifference(a.map((value, at) => [value, b[at] ?? 0]));
        const back = pairedDifference(b.map((value, at) => [value, a[at] ?? 0]));
        if (!there || !back) {
          expect(there).toBe(back);
          return;
        }
        expect(back.mean).toBeCloseTo(-there.mean, 14);
        expect(back.low).toBeCloseTo(-there.high, 9);
        expect(back.p).toBeCloseTo(there.p, 9);
      }),
    );
  });
});

describe("Welch's t-test", () => {
  it.each(reference.welch)("agrees with scipy's ttest_ind without equal variances: p = $p", (wanted) => {
    const got = known(welchDifference)(wanted.ours, wanted.theirs);
    expect(got.mean).toBeCloseTo(wanted.mean, 12);
    expect(got.p).toBeCloseTo(wanted.p, 9);
    expect(got.low).toBeCloseTo(wanted.low, 9);
    expect(got.high).toBeCloseTo(wanted.high, 9);
  });

  it('says nothing of constants, whose noise does not show', () => {
    expect(welchDifference([1, 1], [3, 3, 3])).toBeUndefined();
    expect(welchDifference([3, 3], [3, 3])).toBeUndefined();
    expect(welchDifference([0.1 + 0.2, 0.3], [0.7, 0.7])).toBeUndefined();
    expect(welchDifference([3, 3], [3, 4])?.p).toBeGreaterThan(0.3);
  });
});

describe('the difference to a published run', () => {
  const images = 2323;

  it.each(reference.published)(
    "agrees with scipy's t of the summed variances: ours $ours, published $published, $images images",
    (wanted) => {
      const published = { value: wanted.published, images: wanted.images ?? undefined };
      const got = differenceToPublished(wanted.ours, published);
      if (!got) throw new Error('not judged');
      expect(got.mean).toBeCloseTo(wanted.mean, 12);
      expect(Math.abs(got.p - wanted.p) / wanted.p).toBeLessThan(1e-8);
      expect(got.low).toBeCloseTo(wanted.low, 10);
      expect(got.high).toBeCloseTo(wanted.high, 10);
    },
  );

  it('of one run over images is the test of two proportions', () => {
    // z = 0.03/√(0.75·0.25/2323 + 0.72·0.28/2323), by hand.
    const got = differenceToPublished([0.75], { value: 0.72, images });
    const error = Math.sqrt((0.75 * 0.25 + 0.72 * 0.28) / images);
    expect(got?.mean).toBeCloseTo(0.03, 14);
    expect(got?.high).toBeCloseTo(0.03 + 1.959963984540054 * error, 12);
  });

  it('cannot be judged of one run over an unknown number of images', () => {
    expect(differenceToPublished([0.75], { value: 0.72, images: undefined })).toBeUndefined();
  });

  it('of runs that are all equal is judged by the images alone', () => {
    expect(differenceToPublished([0.75, 0.75, 0.75], { value: 0.72, images })).toEqual(
      differenceToPublished([0.75], { value: 0.72, images }),
    );
  });

  it('gets narrower with more images, and never narrower than seeds alone make it', () => {
    const width = (count: number | undefined): number => {
      const { low, high } = differenceToPublished([0.75, 0.76, 0.74, 0.751], { value: 0.75, images: count }) ?? {
        low: NaN,
        high: NaN,
      };
      return high - low;
    };
    expect(width(1000)).toBeLessThan(width(100));
    expect(width(1e9)).toBeCloseTo(width(undefined), 5);
    expect(width(1000)).toBeGreaterThanOrEqual(width(undefined));
    expect(width(2323)).toBeGreaterThanOrEqual(width(undefined));
  });
});

describe('a confidence interval', () => {
  it('holds the mean, and 0 exactly when p is above 1 − level', () => {
    fc.assert(
      fc.property(accuracies({ minLength: 2, maxLength: 8 }), accuracies({ minLength: 2, maxLength: 8 }), (a, b) => {
        const found = welchDifference(a, b);
        fc.pre(found !== undefined);
        const { mean: difference, low, high, p } = found;
        expect(low).toBeLessThanOrEqual(difference);
        expect(high).toBeGreaterThanOrEqual(difference);
        if (Math.abs(p - (1 - confidence)) > 1e-9) expect(low <= 0 && high >= 0).toBe(p > 1 - confidence);
      }),
    );
  });
});
