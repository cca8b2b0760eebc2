import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LossOptions } from '../../../src/ml/losses/loss.ts';
import { losses, type LossName } from '../../../src/ml/losses/registry.ts';
import { largestDifference, lossReference, referenceInput, referenceLabels } from '../../support/loss-reference.ts';

const names = Object.keys(losses) as LossName[];
const classWeights = Float64Array.from(lossReference.inputs['classWeight']!.values);
const options: LossOptions = { labelSmoothing: 0.1, classWeights: null, polyEpsilon: 2, focalGamma: 2 };
const plain: LossOptions = { ...options, labelSmoothing: 0 };

function compute(name: LossName, logits: Float32Array, of: Partial<LossOptions>, labels = referenceLabels) {
  const gradient = new Float32Array(logits.length).fill(NaN);
  const classes = logits.length / labels.length;
  return { value: losses[name].of({ logits, labels, classes }, { ...options, ...of }, gradient), gradient };
}

describe('a supervised loss', () => {
  it.each<[string, LossName, LossOptions]>([
    ['cross_entropy', 'cross-entropy', plain],
    ['cross_entropy_smooth', 'cross-entropy', options],
    ['cross_entropy_smooth_weighted', 'cross-entropy', { ...options, classWeights }],
    ['poly', 'poly', options],
    ['poly_weighted', 'poly', { ...options, classWeights }],
    ['focal', 'focal', options],
    ['focal_weighted', 'focal', { ...options, classWeights }],
  ])('gives PyTorch’s value and gradient of %s', (reference, name, of) => {
    const { value, gradient } = compute(name, referenceInput('S').values, of);
    const expected = lossReference[reference]!;
    // Inputs are rounded to float32 here and are float64 there; the fixture has nine digits.
    expect(value).toBeCloseTo(expected.value, 6);
    expect(largestDifference(gradient, expected.grad['S']!)).toBeLessThan(3e-7);
  });

  it.each(names)('%s has the gradient that finite differences of its value show, however it is shaped', (name) => {
    const drawn = fc.record({
      logits: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 6, maxLength: 6 }),
      weights: fc.array(fc.double({ min: 0.1, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }),
      labelSmoothing: fc.double({ min: 0, max: 0.9, noNaN: true }),
      polyEpsilon: fc.double({ min: 0.1, max: 6, noNaN: true }),
      focalGamma: fc.double({ min: 1, max: 5, noNaN: true }),
    });
    fc.assert(
      fc.property(drawn, fc.integer({ min: 0, max: 5 }), ({ logits, weights, ...shape }, at) => {
        const of = { ...shape, classWeights: Float64Array.from(weights) };
        const moved = (by: number) => {
          const shifted = Float32Array.from(logits);
          shifted[at] = shifted[at]! + by;
          return compute(name, shifted, of, Int32Array.of(0, 2));
        };
        // A step of 2⁻⁷ is exact enough in float32 near 4, and its cubic error is below 1e-3.
        const slope = (moved(2 ** -7).value - moved(-(2 ** -7)).value) / 2 ** -6;
        expect(Math.abs(moved(0).gradient[at]! - slope)).toBeLessThan(1e-3 * (1 + Math.abs(slope)));
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it.each(names)('%s stays finite for logits that overflow exponentials, and is 0 where all is right', (name) => {
    const logits = Float32Array.from([3e38, 0, -3e38, 2000, 2000, 0]);
    const { value, gradient } = compute(name, logits, { labelSmoothing: 0, focalGamma: 0.5 }, Int32Array.of(0, 1));
    expect(value).toBeGreaterThan(0.1);
    expect(value).toBeLessThan(3);
    expect(gradient.every(Number.isFinite)).toBe(true);
    const right = compute(name, logits.slice(0, 3), { labelSmoothing: 0 }, Int32Array.of(0));
    expect(right.value).toBe(0);
    expect([...right.gradient].map(Math.abs)).toEqual([0, 0, 0]);
  });

  it.each(names)('%s lets a not-a-number through, so that the training loop can see it', (name) => {
    expect(compute(name, Float32Array.of(NaN, 1), {}, Int32Array.of(1)).value).toBeNaN();
  });
});
