import { add, addN, div, matMul, mean, mul, sqrt, square, sub, sum, transpose } from '@tensorflow/tfjs-core';
import { maximum, type Scalar, type Tensor, type Tensor3D, type Tensor4D } from '@tensorflow/tfjs-core';
import type { KdMethod } from './kd-method.ts';
import { columns, pooledAlike } from './maps.ts';
import { blocksOption, blockTaps, lastBlocks, MULTIPLE, requireSizes } from './taps.ts';

/** L2 norms of the columns, at least 1e-12: [N, 1, C]. */
const lengths = (of: Tensor3D): Tensor => sqrt(maximum(sum(square(of), 1, true), 1e-24));

/** mean ⟨â_i, b̂_j⟩² over images and pairs of channels. The lengths divide the products, which are fewer than values. */
function kernelMean(a: Tensor3D, b: Tensor3D): Scalar {
  const products = div(matMul(a, b, true, false), transpose(lengths(a), [0, 2, 1]));
  return mean(square(div(products, lengths(b))));
}

function discrepancy(ours: Tensor3D, theirs: Tensor3D): Scalar {
  return sub(add(kernelMean(theirs, theirs), kernelMean(ours, ours)), mul(kernelMean(ours, theirs), 2));
}

/**
 * Neuron selectivity: where on a map the channels respond, as samples of a distribution. Squared maximum mean discrepancy
 * of L2-normalised channels under k(a, b) = ⟨a, b⟩²: L = Σ_blocks mean k(t, t') + mean k(s, s') − 2 mean k(s, t).
 * Maps of unequal size: the larger is average-pooled.
 */
export const neuronSelectivity: KdMethod = {
  name: 'NST',
  source: 'Huang, Wang: Like What You Like: Knowledge Distill via Neuron Selectivity Transfer, arXiv 1707.01219, 2017',
  options: { blocks: blocksOption },
  weighting: 'odds',
  taps: ({ blocks }, available) => blockTaps('NST', blocks, available, lastBlocks(1)),
  create: (_, shapes, all) => {
    requireSizes('NST', MULTIPLE, shapes, all);
    return {
      loss: ({ teacher, student }) =>
        addN(
          Object.keys(shapes.student).map((tap) => {
            const [ours, theirs] = pooledAlike(student[tap] as Tensor4D, teacher[tap] as Tensor4D);
            return discrepancy(columns(ours), columns(theirs));
          }),
        ),
    };
  },
};
