import {
  add,
  concat,
  grads,
  mul,
  sigmoid,
  slice,
  sum,
  tensor,
  tidy,
  type Rank,
  type Scalar,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { concat as ours, weighTwo } from '../../../../src/ml/methods/tfjs/fusion.ts';
import '../../../../src/ml/methods/tfjs/setup.ts';
import { signed } from '../../../support/hashed.ts';
import { largestDifference } from '../../../support/loss-reference.ts';

const SHAPE = [2, 3, 2, 5] as const;
const SIZE = 60;
const own = () => tensor<Rank.R4>(signed('own', SIZE), [...SHAPE]);
const above = () => tensor<Rank.R4>(signed('above', SIZE), [...SHAPE]);
const scores = () => tensor<Rank.R4>(signed('scores', 24, 3), [2, 3, 2, 2]);

/** A function's values, and gradients of its product with made-up numbers. */
function described(of: (...inputs: Tensor4D[]) => Tensor, inputs: readonly Tensor4D[]): readonly Float32Array[] {
  const weighted = (...given: Tensor[]) => {
    const value = of(...(given as Tensor4D[]));
    return sum<Scalar>(mul(value, tensor(signed('slope', value.size), value.shape)));
  };
  const slopes = grads(weighted)([...inputs]);
  return [of(...inputs), ...slopes].map((one) => one.dataSync<'float32'>());
}

describe('two maps', () => {
  it('side by side are what concatenation makes of them, gradients included', () => {
    tidy(() => {
      const inputs = [own(), above()];
      const expected = described((a, b) => concat([a, b], 3), inputs);
      expect(described((...pair) => ours(pair, 3), inputs)).toEqual(expected);
    });
  });

  it('weighed pixel by pixel are what sums of products make of them, gradients in all three included', () => {
    tidy(() => {
      const inputs = [own(), above(), scores()];
      const composed = (a: Tensor4D, b: Tensor4D, s: Tensor4D): Tensor => {
        const weight = (index: number) => slice(sigmoid(s), [0, 0, 0, index], [-1, -1, -1, 1]);
        return add(mul(a, weight(0)), mul(b, weight(1)));
      };
      const expected = described((a, b, s) => composed(a, b, s), inputs);
      described((a, b, s) => weighTwo(a, b, s), inputs).forEach((values, at) =>
        expect(largestDifference(values, expected[at]!)).toBeLessThan(1e-6),
      );
    });
  });
});
