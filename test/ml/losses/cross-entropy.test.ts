import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balancedWeights, crossEntropy, type CrossEntropyOptions } from '../../../src/ml/losses/cross-entropy.ts';
import { largestDifference, lossReference, referenceInput, referenceLabels } from '../../support/loss-reference.ts';

const classWeights = Float64Array.from(lossReference.inputs['classWeight']!.values);
const cases: readonly (readonly [string, CrossEntropyOptions])[] = [
  ['cross_entropy', { smoothing: 0, classWeights: null }],
  ['cross_entropy_smooth', { smoothing: 0.1, classWeights: null }],
  ['cross_entropy_smooth_weighted', { smoothing: 0.1, classWeights }],
];

describe('cross entropy', () => {
  it.each(cases)('gives PyTorch’s value and gradient of %s', (name, options) => {
    const logits = referenceInput('S').values;
    const gradient = new Float32Array(logits.length);
    const value = crossEntropy({ logits, labels: referenceLabels, classes: 5 }, options, gradient);
    const reference = lossReference[name]!;
    // Inputs are rounded to float32 here and are float64 there; the fixture has nine digits.
    expect(value).toBeCloseTo(reference.value, 6);
    expect(largestDifference(gradient, reference.grad['S']!)).toBeLessThan(2e-7);
  });

  it('stays finite where exponentials would overflow', () => {
    const logits = Float32Array.from([3e38, -3e38, 0, 2000, 1000, 0]);
    const gradient = new Float32Array(6);
    const batch = { logits, labels: Int32Array.from([0, 1]), classes: 3 };
    expect(crossEntropy(batch, { smoothing: 0, classWeights: null }, gradient)).toBe(500);
    expect([...gradient]).toEqual([0, 0, 0, 0.5, -0.5, 0]);
  });

  it('lets a not-a-number through, so that the training loop can see it', () => {
    const batch = { logits: Float32Array.from([NaN, 1]), labels: Int32Array.from([1]), classes: 2 };
    expect(crossEntropy(batch, { smoothing: 0.1, classWeights: null }, new Float32Array(2))).toBeNaN();
  });

  it('has the gradient that finite differences of its value show, for any weights and smoothing', () => {
    const arrays = fc.record({
      logits: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 6, maxLength: 6 }),
      weights: fc.array(fc.double({ min: 0.1, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }),
      smoothing: fc.double({ min: 0, max: 0.9, noNaN: true }),
      labels: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 2 }),
    });
    fc.assert(
      fc.property(arrays, fc.integer({ min: 0, max: 5 }), (drawn, at) => {
        const options = { smoothing: drawn.smoothing, classWeights: Float64Array.from(drawn.weights) };
        const value = (shift: number, gradient = new Float32Array(6)): number => {
          const logits = Float32Array.from(drawn.logits);
          logits[at] = logits[at]! + shift;
          return crossEntropy({ logits, labels: Int32Array.from(drawn.labels), classes: 3 }, options, gradient);
        };
        const gradient = new Float32Array(6);
        value(0, gradient);
        // A step of 2⁻⁷ is exact enough in float32 near 4, and its cubic error is below 1e-4.
        const slope = (value(2 ** -7) - value(-(2 ** -7))) / 2 ** -6;
        expect(gradient[at]!).toBeCloseTo(slope, 3);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('has a gradient that sums to zero in every row', () => {
    const logits = referenceInput('T').values;
    const gradient = new Float32Array(20);
    crossEntropy({ logits, labels: referenceLabels, classes: 5 }, { smoothing: 0.3, classWeights }, gradient);
    for (let row = 0; row < 4; row++) {
      const sum = gradient.subarray(row * 5, row * 5 + 5).reduce((total, value) => total + value, 0);
      expect(Math.abs(sum)).toBeLessThan(1e-7);
    }
  });
});

describe('balanced class weights', () => {
  it('are sqrt(n / (C · n_c))', () => {
    expect([...balancedWeights([10, 40, 50])]).toEqual([
      Math.sqrt(100 / 30),
      Math.sqrt(100 / 120),
      Math.sqrt(100 / 150),
    ]);
  });

  it('are 1 where classes are balanced, and 0 for a class without images', () => {
    expect([...balancedWeights([7, 7, 7])]).toEqual([1, 1, 1]);
    expect([...balancedWeights([8, 0])]).toEqual([Math.sqrt(0.5), 0]);
  });
});
