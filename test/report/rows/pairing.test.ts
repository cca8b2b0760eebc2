import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellAxes, comparePaired, type Sample } from '../../../src/report/rows/pairing.ts';
import { pairedDifference, welchDifference } from '../../../src/report/rows/statistics.ts';
import { cell, studyCells, to } from '../sample-plan.ts';

/** A run at a place on the axes. */
const run = (axes: Readonly<Record<string, string | number>>, value?: number): Sample => ({
  axes: new Map(Object.entries(axes).map(([name, at]) => [name, String(at)])),
  value,
});

/** Runs of the seeds 0, 1, 2, … */
const seeds = (...values: readonly (number | undefined)[]): readonly Sample[] =>
  values.map((value, seed) => run({ seed }, value));

describe('where a cell stands on the axes behind it', () => {
  it('is told by the axes of the cells that it refers to', () => {
    const index = new Map(studyCells().map((one) => [one.id, one]));
    const score = index.get('score[of=student[kd_method=MGD,seed=2]]');
    expect(score && [...cellAxes(index, score)]).toEqual([
      ['kd_method', 'json "MGD"'],
      ['seed', 'json 2'],
    ]);
  });

  it('is told by the nearest axis of a name', () => {
    const teacher = cell('teacher[seed=7]', { seed: 7, width: 2 });
    const student = cell('student', { teacher: to('teacher[seed=7]'), seed: 1 });
    const index = new Map([teacher, student].map((one) => [one.id, one]));
    expect([...cellAxes(index, student)]).toEqual([
      ['seed', 'json 1'],
      ['width', 'json 2'],
    ]);
  });
});

describe('comparing two rows', () => {
  it('pairs the runs of the same seed, in whatever order they stand', () => {
    const ours = seeds(0.75, 0.762, 0.741);
    const theirs = [...seeds(0.7, 0.71, 0.69)].reverse();
    const comparison = comparePaired(ours, theirs);
    expect(comparison).toMatchObject({ method: 'paired', pairedBy: ['seed'], n: 3 });
    expect(comparison?.judged).toEqual(
      pairedDifference([
        [0.75, 0.7],
        [0.762, 0.71],
        [0.741, 0.69],
      ]),
    );
  });

  it('pairs over the seeds that both have', () => {
    const comparison = comparePaired(seeds(0.75, 0.76, undefined, 0.8), seeds(undefined, 0.7, 0.71, 0.72));
    expect(comparison).toMatchObject({ method: 'paired', n: 2 });
    expect(comparison?.mean).toBeCloseTo((0.06 + 0.08) / 2, 12);
  });

  it('pairs by what both sides vary in: a ratio that is other on each side does not keep seeds apart', () => {
    const ours = [0, 1].flatMap((seed) => [0.1, 0.3].map((kd_ratio) => run({ seed, kd_ratio }, seed + kd_ratio)));
    const theirs = [0, 1].flatMap((seed) => [10, 100].map((kd_ratio) => run({ seed, kd_ratio }, seed * 1.5)));
    const comparison = comparePaired(ours, theirs);
    expect(comparison).toMatchObject({ method: 'paired', pairedBy: ['seed'], n: 2 });
    expect(comparison?.mean).toBeCloseTo((0.2 + (1.2 - 1.5)) / 2, 12);
  });

  it('takes means where one side has more axes', () => {
    const ours = [0, 1].flatMap((seed) =>
      ['x', 'y'].map((fold) => run({ seed, fold }, seed + (fold === 'x' ? 0 : 0.5))),
    );
    const comparison = comparePaired(ours, seeds(0, 0.9));
    expect(comparison).toMatchObject({ method: 'paired', pairedBy: ['seed'], n: 2 });
    expect(comparison?.mean).toBeCloseTo((0.25 + 0.35) / 2, 12);
  });

  it('pairs by two axes where both sides share two', () => {
    const grid = (gain: number): readonly Sample[] =>
      [0, 1].flatMap((seed) => [1, 2].map((fold) => run({ seed, fold }, seed * 0.1 + fold + gain * (seed + fold))));
    expect(comparePaired(grid(0.5), grid(0))).toMatchObject({ method: 'paired', pairedBy: ['seed', 'fold'], n: 4 });
  });

  it('leaves out a seed of which a run is missing, rather than take the mean of others', () => {
    const ours = [
      run({ seed: 0, fold: 0 }, 1),
      run({ seed: 0, fold: 1 }, 3),
      run({ seed: 1, fold: 0 }, 2),
      run({ seed: 1, fold: 1 }, 4),
      run({ seed: 2, fold: 0 }, 100),
      run({ seed: 2, fold: 1 }),
    ];
    const comparison = comparePaired(ours, seeds(1, 1, 1));
    expect(comparison).toMatchObject({ method: 'paired', n: 2, mean: 1.5 });
  });

  it("falls back to Welch's test where no two seeds are common", () => {
    const ours = [run({ seed: 0 }, 0.75), run({ seed: 1 }, 0.76)];
    const theirs = [run({ seed: 2 }, 0.7), run({ seed: 3 }, 0.72), run({ seed: 4 }, 0.71)];
    const comparison = comparePaired(ours, theirs);
    expect(comparison).toMatchObject({ method: 'welch', pairedBy: [], n: 2 });
    expect(comparison?.judged).toEqual(welchDifference([0.75, 0.76], [0.7, 0.72, 0.71]));
  });

  it('judges nothing where a side has a single run', () => {
    expect(comparePaired(seeds(0.75), seeds(0.7))).toEqual({
      mean: expect.closeTo(0.05, 12) as number,
      judged: undefined,
      method: 'none',
      pairedBy: [],
      n: 1,
    });
  });

  it('takes the seed that both have, where that is the only run of one side', () => {
    const comparison = comparePaired(seeds(undefined, 0.76, undefined), seeds(0.6, 0.7, 0.9));
    expect(comparison).toMatchObject({ method: 'none', n: 1 });
    expect(comparison?.mean).toBeCloseTo(0.06, 12);
  });

  it('has nothing to say where a side has no number', () => {
    expect(comparePaired(seeds(undefined, undefined), seeds(1, 2))).toBeUndefined();
    expect(comparePaired(seeds(1, 2), [])).toBeUndefined();
  });

  it('is the other way round from the other side', () => {
    const value = fc.integer({ min: 0, max: 1000 }).map((steps) => steps / 1000);
    const side = fc.array(fc.option(value, { nil: undefined }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(side, side, (left, right) => {
        const there = comparePaired(seeds(...left), seeds(...right));
        const back = comparePaired(seeds(...right), seeds(...left));
        expect(back?.method).toBe(there?.method);
        expect(back?.n).toBe(there?.n);
        if (there && back) expect(back.mean).toBeCloseTo(-there.mean, 10);
        if (there?.judged && back?.judged) expect(back.judged.p).toBeCloseTo(there.judged.p, 8);
      }),
    );
  });
});
