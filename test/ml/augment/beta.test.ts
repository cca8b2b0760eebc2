import { describe, expect, it } from 'vitest';
import { symmetricBeta } from '../../../src/ml/augment/beta.ts';
import { uniforms } from '../../../src/ml/random/random.ts';

const COUNT = 20_000;
const drawn = (alpha: number): number[] =>
  Array.from({ length: COUNT }, (_, index) => symmetricBeta(alpha, uniforms(1, 'mix', 0, index)));

describe('numbers of Beta(α, α)', () => {
  it.each([0.1, 0.2, 0.4, 1, 2, 8])('have the mean and the moments of α = %d', (alpha) => {
    const numbers = drawn(alpha);
    const mean = (of: (x: number) => number): number => numbers.reduce((sum, x) => sum + of(x), 0) / COUNT;
    const variance = 1 / (4 * (2 * alpha + 1));
    expect(numbers.every((x) => x >= 0 && x <= 1)).toBe(true);
    // Five standard deviations of a mean of so many.
    expect(Math.abs(mean((x) => x) - 0.5)).toBeLessThan(5 * Math.sqrt(variance / COUNT));
    // E (x − ½)⁴ = 3 / (16 (2α + 1)(2α + 3)), by which the variance of the second moment is known.
    const fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3));
    const spread = Math.sqrt((fourth - variance ** 2) / COUNT);
    expect(Math.abs(mean((x) => (x - 0.5) ** 2) - variance)).toBeLessThan(5 * spread);
  });

  it('are the source’s own where α is 1', () => {
    expect(symmetricBeta(1, uniforms(3, 'mix', 0, 0))).toBe(uniforms(3, 'mix', 0, 0)());
  });

  it('are numbers where α is so small that both of its parts vanish', () => {
    expect(drawn(1e-3).filter((x) => !(x >= 0 && x <= 1))).toEqual([]);
  });
});
