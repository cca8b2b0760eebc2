import { describe, expect, it } from 'vitest';
import { divergence, type DivergenceOptions, type TwoPasses } from '../../../src/ml/losses/rdrop.ts';
import { largestDifference, lossReference, referenceInput } from '../../support/loss-reference.ts';

const [S, T] = [referenceInput('S').values, referenceInput('T').values];
const reference = lossReference['rdrop_kl_sum']!;

function compute(logits: TwoPasses, options: Partial<DivergenceOptions> = {}, start = 0) {
  const gradients = logits.map(({ length }) => new Float32Array(length).fill(start)) as unknown as TwoPasses;
  return {
    value: divergence(logits, { classes: 5, rdropAlpha: 1, rdropReduction: 'sum', ...options }, gradients),
    gradients,
  };
}

describe('R-Drop’s divergence', () => {
  it('has PyTorch’s value and both gradients', () => {
    const { value, gradients } = compute([S, T]);
    // Inputs are rounded to float32 here and are float64 there; the fixture has nine digits.
    expect(value / reference.value).toBeCloseTo(1, 6);
    expect(largestDifference(gradients[0], reference.grad['S']!)).toBeLessThan(1e-6);
    expect(largestDifference(gradients[1], reference.grad['T']!)).toBeLessThan(1e-6);
  });

  it('is weighed by α, and as a mean divided by N · C', () => {
    const { value, gradients } = compute([S, T], { rdropAlpha: 3, rdropReduction: 'mean' });
    expect(value / ((reference.value * 3) / 20)).toBeCloseTo(1, 6);
    const wanted = reference.grad['S']!.map((slope) => (slope * 3) / 20);
    expect(largestDifference(gradients[0], wanted)).toBeLessThan(1e-6);
  });

  it('adds to the gradients that are there', () => {
    const [plain, shifted] = [compute([S, T]).gradients[1], compute([S, T], {}, 0.5).gradients[1]];
    shifted.forEach((value, i) => expect(value - 0.5).toBeCloseTo(plain[i]!, 6));
  });

  it('is 0 between equal passes, and between logits that differ by a constant in every row', () => {
    expect(compute([S, S]).value).toBe(0);
    const shifted = compute([S, S.map((z) => z + 4)]);
    expect(Math.abs(shifted.value)).toBeLessThan(1e-6);
    expect(largestDifference(shifted.gradients[0], new Float32Array(20))).toBeLessThan(1e-6);
  });

  it('lets a not-a-number of either pass through', () => {
    expect(compute([S.with(7, NaN), T]).value).toBeNaN();
    expect(compute([S, T.with(0, NaN)]).value).toBeNaN();
  });
});
