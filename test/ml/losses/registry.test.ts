import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { input } from '../../../src/ml/algebra/inputs.ts';
import type { LossOptions } from '../../../src/ml/losses/loss.ts';
import { losses } from '../../../src/ml/losses/registry.ts';
import type { Values } from '../../support/evaluate-expression.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { largestDifference, lossReference, referenceInput, referenceLabels } from '../../support/loss-reference.ts';
import { slopes } from '../../support/plain-arrays.ts';

type LossName = keyof typeof losses;
const names = Object.keys(losses) as LossName[];
const classWeights = Float64Array.from(lossReference.inputs['classWeight']!.values);
const options: LossOptions = { labelSmoothing: 0.1, classWeights: null, polyEpsilon: 2, focalGamma: 2 };
const plain: LossOptions = { ...options, labelSmoothing: 0 };

function compute(name: LossName, logits: Values, of: Partial<LossOptions>, labels: Values = referenceLabels) {
  const images = labels.length;
  const { value, gradients } = evaluateLoss(
    { logits: [images, logits.length / images] },
    { logits },
    (inputs) => losses[name].of(inputs.logits, input('labels', [images]), { ...options, ...of }),
    { labels },
  );
  return { value, gradient: gradients.logits };
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
    // The fixture has nine digits, of inputs too.
    expect(Math.abs(value / expected.value - 1)).toBeLessThan(5e-9);
    expect(largestDifference(gradient, expected.grad['S']!)).toBeLessThan(2e-9);
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
      fc.property(drawn, ({ logits, weights, ...shape }) => {
        const of = { ...shape, classWeights: Float64Array.from(weights) };
        const value = (moved: Values) => compute(name, moved, of, [0, 2]).value;
        expect(largestDifference(compute(name, logits, of, [0, 2]).gradient, slopes(value, logits))).toBeLessThan(1e-7);
      }),
      { numRuns: 30, seed: 3 },
    );
  });

  it.each(names)('%s stays finite for logits that overflow exponentials, and is 0 where all is right', (name) => {
    const logits = [3e38, 0, -3e38, 2000, 2000, 0];
    const { value, gradient } = compute(name, logits, { labelSmoothing: 0, focalGamma: 0.5 }, [0, 1]);
    expect(value).toBeGreaterThan(0.1);
    expect(value).toBeLessThan(3);
    expect(gradient.every(Number.isFinite)).toBe(true);
    const right = compute(name, logits.slice(0, 3), { labelSmoothing: 0 }, [0]);
    expect([right.value, ...right.gradient].map(Math.abs)).toEqual([0, 0, 0, 0]);
  });

  it.each(names)('%s lets a not-a-number through, so that the training loop can see it', (name) => {
    expect(compute(name, [NaN, 1], {}, [1]).value).toBeNaN();
  });
});
