import { describe, expect, it } from 'vitest';
import { input } from '../../../src/ml/algebra/inputs.ts';
import { balancedWeights, crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import { evaluateLoss } from '../../support/expression.ts';
import { lossReference, referenceInput, referenceLabels } from '../../support/loss-reference.ts';

const classWeights = Float64Array.from(lossReference.inputs['classWeight']!.values);

describe('cross entropy', () => {
  it('stays finite where exponentials would overflow', () => {
    const { value, gradients } = evaluateLoss(
      { logits: [2, 3] },
      { logits: [3e38, -3e38, 0, 2000, 1000, 0] },
      ({ logits }) => crossEntropy(logits, input('labels', [2]), { labelSmoothing: 0, classWeights: null }),
      { labels: [0, 1] },
    );
    expect(value).toBe(500);
    expect([...gradients.logits].map((slope) => slope + 0)).toEqual([0, 0, 0, 0.5, -0.5, 0]);
  });

  it('has a gradient that sums to zero in every row', () => {
    const { gradients } = evaluateLoss(
      { logits: [4, 5] },
      { logits: referenceInput('T').values },
      ({ logits }) => crossEntropy(logits, input('labels', [4]), { labelSmoothing: 0.3, classWeights }),
      { labels: referenceLabels },
    );
    for (let row = 0; row < 4; row++) {
      const sum = gradients.logits.subarray(row * 5, row * 5 + 5).reduce((total, value) => total + value, 0);
      expect(Math.abs(sum)).toBeLessThan(1e-15);
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
