import { describe, expect, it } from 'vitest';
import { holm } from '../../../src/report/rows/holm.ts';

describe("Holm's correction", () => {
  // Values of R's p.adjust(method = "holm") and of statsmodels' multipletests(method="holm").
  it.each<[string, readonly number[], readonly number[]]>([
    ['five in order', [0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]],
    ['any order', [0.04, 0.01, 0.05, 0.03, 0.02], [0.09, 0.05, 0.09, 0.09, 0.08]],
    ['ties', [0.02, 0.02, 0.02], [0.06, 0.06, 0.06]],
    ['none above 1', [0.4, 0.9, 0.6], [1, 1, 1]],
    ['a single one as it is', [0.03], [0.03]],
    ['certain ones', [0, 0.5], [0, 0.5]],
    ['of common use', [0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]],
    ['none', [], []],
  ])('is that of R: %s', (_, values, expected) => {
    const corrected = holm(values);
    expect(corrected).toHaveLength(expected.length);
    expected.forEach((p, at) => {
      expect(corrected[at]).toBeCloseTo(p, 12);
    });
  });

  it('does not count what is missing', () => {
    expect(holm([undefined, 0.01, NaN, 0.04])).toEqual([undefined, 0.02, undefined, 0.04]);
    expect(holm([undefined, NaN])).toEqual([undefined, undefined]);
  });
});
