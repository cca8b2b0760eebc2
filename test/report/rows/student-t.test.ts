import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { criticalT, regularizedBeta, twoSidedP } from '../../../src/report/rows/student-t.ts';

/** Made by test/reference/scipy_statistics.py with scipy. */
const reference = JSON.parse(readFileSync('test/fixtures/statistics.json', 'utf8')) as {
  readonly beta: readonly { readonly x: number; readonly a: number; readonly b: number; readonly value: number }[];
  readonly two_sided: readonly { readonly t: number; readonly degrees: number; readonly p: number }[];
  readonly two_sided_many: readonly { readonly t: number; readonly degrees: number | null; readonly p: number }[];
  readonly critical: readonly { readonly level: number; readonly degrees: number; readonly t: number }[];
};

/** Relative difference of two numbers that are not both zero. */
const relative = (got: number, wanted: number): number => Math.abs(got - wanted) / Math.max(Math.abs(wanted), 1e-300);

describe('the regularised incomplete beta function', () => {
  it.each(reference.beta)("agrees with scipy's betainc($a, $b, $x)", ({ x, a, b, value }) => {
    // Lanczos' ln Γ loses about 1e-14 a call, times the size of its arguments.
    expect(relative(regularizedBeta(x, a, b), value)).toBeLessThan(1e-11);
  });

  it('is 0 at 0 and 1 at 1, and outside', () => {
    expect(regularizedBeta(0, 2, 3)).toBe(0);
    expect(regularizedBeta(1, 2, 3)).toBe(1);
    expect(regularizedBeta(-0.1, 2, 3)).toBe(0);
    expect(regularizedBeta(1.1, 2, 3)).toBe(1);
  });

  it('has its closed form for a = 1', () => {
    for (const x of [0.1, 0.35, 0.8]) {
      for (const b of [0.5, 2, 9]) expect(regularizedBeta(x, 1, b)).toBeCloseTo(1 - (1 - x) ** b, 13);
    }
  });

  it('mirrors: I_x(a, b) = 1 − I_{1−x}(b, a)', () => {
    for (const x of [0.02, 0.4, 0.77]) {
      expect(regularizedBeta(x, 3.5, 1.25)).toBeCloseTo(1 - regularizedBeta(1 - x, 1.25, 3.5), 13);
    }
  });
});

describe('the two-sided p-value', () => {
  it.each(reference.two_sided)("agrees with scipy's t distribution at t = $t, ν = $degrees", ({ t, degrees, p }) => {
    expect(relative(twoSidedP(t, degrees), p)).toBeLessThan(1e-10);
  });

  it.each(reference.two_sided_many)(
    "agrees with scipy's for many degrees of freedom, and for infinitely many: t = $t, ν = $degrees",
    ({ t, degrees, p }) => {
      expect(relative(twoSidedP(t, degrees ?? Infinity), p)).toBeLessThan(1e-9);
      expect(twoSidedP(-t, degrees ?? Infinity)).toBe(twoSidedP(t, degrees ?? Infinity));
    },
  );

  it('does not depend on the sign of t', () => {
    expect(twoSidedP(-2.5, 4)).toBe(twoSidedP(2.5, 4));
  });

  it('is 1 at 0 and 0 at infinity', () => {
    expect(twoSidedP(0, 3)).toBe(1);
    expect(twoSidedP(Infinity, 3)).toBe(0);
    expect(twoSidedP(-Infinity, 3)).toBe(0);
  });

  it('is the arc tangent for one degree of freedom (the Cauchy distribution)', () => {
    for (const t of [0.3, 1, 7]) expect(twoSidedP(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 13);
  });
});

describe('the critical t', () => {
  it.each(reference.critical)("agrees with scipy's quantile at level $level, ν = $degrees", (wanted) => {
    expect(relative(criticalT(wanted.level, wanted.degrees), wanted.t)).toBeLessThan(1e-10);
  });

  it('is the number of the printed tables', () => {
    expect(criticalT(0.95, 1)).toBeCloseTo(12.7062, 4);
    expect(criticalT(0.95, 2)).toBeCloseTo(4.3027, 4);
    expect(criticalT(0.95, 9)).toBeCloseTo(2.2622, 4);
    expect(criticalT(0.95, 1e6)).toBeCloseTo(1.96, 3);
    expect(criticalT(0.95, Infinity)).toBeCloseTo(1.959963984540054, 12);
  });

  it('is what the p-value of its own is the tail of', () => {
    for (const degrees of [1, 2.5, 8]) expect(twoSidedP(criticalT(0.9, degrees), degrees)).toBeCloseTo(0.1, 12);
  });
});
