import { describe, expect, it } from 'vitest';
import { divergence, type DivergenceOptions } from '../../../src/ml/losses/rdrop.ts';
import type { Values } from '../../support/evaluate-expression.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { largestDifference, lossReference, referenceInput } from '../../support/loss-reference.ts';

const [S, T] = [referenceInput('S').values, referenceInput('T').values];
const reference = lossReference['rdrop_kl_sum']!;

const compute = (first: Values, second: Values, options: Partial<DivergenceOptions> = {}) =>
  evaluateLoss({ first: [4, 5], second: [4, 5] }, { first, second }, (passes) =>
    divergence(passes.first, passes.second, { rdropAlpha: 1, rdropReduction: 'sum', ...options }),
  );

describe('R-Drop’s divergence', () => {
  it('has PyTorch’s value and both gradients', () => {
    const { value, gradients } = compute(S, T);
    // The fixture has nine digits, of inputs too.
    expect(Math.abs(value / reference.value - 1)).toBeLessThan(5e-9);
    expect(largestDifference(gradients.first, reference.grad['S']!)).toBeLessThan(5e-9);
    expect(largestDifference(gradients.second, reference.grad['T']!)).toBeLessThan(5e-9);
  });

  it('is weighed by α, and as a mean divided by N · C', () => {
    const [plain, { value, gradients }] = [compute(S, T), compute(S, T, { rdropAlpha: 3, rdropReduction: 'mean' })];
    expect(value).toBeCloseTo((plain.value * 3) / 20, 12);
    const wanted = plain.gradients.first.map((slope) => (slope * 3) / 20);
    expect(largestDifference(gradients.first, wanted)).toBeLessThan(1e-15);
  });

  it('is 0 between equal passes, and between logits that differ by a constant in every row', () => {
    expect(compute(S, S).value).toBe(0);
    const shifted = compute(
      S,
      S.map((z) => z + 4),
    );
    expect(Math.abs(shifted.value)).toBeLessThan(1e-14);
    expect(largestDifference(shifted.gradients.first, new Float64Array(20))).toBeLessThan(1e-14);
  });

  it('lets a not-a-number of either pass through', () => {
    expect(compute(S.with(7, NaN), T).value).toBeNaN();
    expect(compute(S, T.with(0, NaN)).value).toBeNaN();
  });
});
