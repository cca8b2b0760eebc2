import { add, addN, div, matMul, mean, mul, sqrt, square, sub, transpose } from '@tensorflow/tfjs-core';
import { maximum, type Scalar, type Tensor, type Tensor3D, type Tensor4D } from '@tensorflow/tfjs-core';
import { columnEnergies, columnGram, columns } from './columns.ts';
import type { KdMethod } from './kd-method.ts';
import { pooledAlike } from './maps.ts';
import { blocksOption, blockTaps, lastBlocks, MULTIPLE, requireSizes } from './taps.ts';

/** One side's channels as columns, and their L2 norms, at least 1e-12: [N, 1, C]. */
interface Channels {
  readonly values: Tensor3D;
  readonly lengths: Tensor;
}

function channelsOf(map: Tensor4D): Channels {
  const values = columns(map);
  return { values, lengths: sqrt(maximum(columnEnergies(values), 1e-24)) };
}

/** mean ⟨â_i, b̂_j⟩² over images and pairs of channels. The lengths divide the products, which are fewer than values. */
function kernelMean(a: Channels, b: Channels): Scalar {
  const products = a === b ? columnGram(a.values) : matMul(a.values, b.values, true, false);
  return mean(square(div(div(products, transpose(a.lengths, [0, 2, 1])), b.lengths)));
}

function discrepancy(ours: Channels, theirs: Channels): Scalar {
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
            return discrepancy(channelsOf(ours), channelsOf(theirs));
          }),
        ),
    };
  },
};
