import { describe, expect, it } from 'vitest';
import { balancedWeights, crossEntropy } from '../../../src/ml/losses/cross-entropy.ts';
import { lossReference, referenceInput, referenceLabels } from '../../support/loss-reference.ts';

const classWeights = Float64Array.from(lossReference.inputs['classWeight']!.values);

describe('cross entropy', () => {
  it('stays finite where exponentials would overflow', () => {
    const logits = Float32Array.from([3e38, -3e38, 0, 2000, 1000, 0]);
    const gradient = new Float32Array(6);
    const batch = { logits, labels: Int32Array.from([0, 1]), classes: 3 };
    expect(crossEntropy(batch, { labelSmoothing: 0, classWeights: null }, gradient)).toBe(500);
    expect([...gradient]).toEqual([0, 0, 0, 0.5, -0.5, 0]);
  });

  it('has a gradient that sums to zero in every row', () => {
    const logits = referenceInput('T').values;
    const gradient = new Float32Array(20);
    crossEntropy({ logits, labels: referenceLabels, classes: 5 }, { labelSmoothing: 0.3, classWeights }, gradient);
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
