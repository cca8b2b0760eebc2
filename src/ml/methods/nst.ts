import { add, addN, div, maximum, mul, sqrt, square, sub } from '../algebra/arithmetic.ts';
import { columnGram, matmul, rowGram } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { mean, sum } from '../algebra/reductions.ts';
import { transpose } from '../algebra/shapes.ts';
import type { KdMethod } from './kd-method.ts';
import { columns, poolToSmaller, squaredDistance } from './terms/maps.ts';
import { blocksOption, chooseBlocks, lastBlocks, MULTIPLE, requireSizes } from './terms/taps.ts';

/** One side's channels as columns, and their L2 norms, at least 1e-12: [N, 1, C]. */
interface Channels {
  readonly values: Node;
  readonly lengths: Node;
}

function channelsOf(map: Node): Channels {
  const values = columns(map);
  return { values, lengths: sqrt(maximum(sum(square(values), { axes: [1], keepDims: true }), 1e-24)) };
}

/** mean ⟨â_i, b̂_j⟩² over images and pairs of channels. The lengths divide the products, which are fewer than values. */
function kernelMean(a: Channels, b: Channels): Node {
  const products = a === b ? columnGram(a.values) : matmul(a.values, b.values, { transposeA: true });
  return mean(square(div(div(products, transpose(a.lengths, [0, 2, 1])), b.lengths)));
}

/** Each image's Σ_c ĉ ĉᵀ / C, products of pixels: [N, P, P]. */
function pixelProducts({ values, lengths }: Channels): Node {
  return div(rowGram(div(values, lengths)), lengthOf(values, 2));
}

/**
 * mean k(t, t') + mean k(s, s') − 2 mean k(s, t). Σ_ij ⟨a_i, b_j⟩² = ⟨A Aᵀ, B Bᵀ⟩ for the matrices A, B of columns a_i, b_j,
 * so that the whole is also 1/N ‖Ŝ Ŝᵀ/C_s − T̂ T̂ᵀ/C_t‖²: less to compute where there are fewer pixels than channels.
 */
function discrepancy(ours: Channels, theirs: Channels): Node {
  const { values } = ours;
  if (lengthOf(values, 1) <= lengthOf(values, 2))
    return div(squaredDistance(pixelProducts(ours), pixelProducts(theirs)), lengthOf(values, 0));
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
  published: { weight: 50, source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 50' },
  taps: ({ blocks }, available) => chooseBlocks('NST', blocks, available, lastBlocks(1)),
  create: (_, shapes, all) => {
    requireSizes('NST', MULTIPLE, shapes, all);
    return {
      loss: ({ teacher, student }) =>
        addN(
          Object.keys(shapes.student).map((tap) => {
            const [ours, theirs] = poolToSmaller(student(tap), teacher(tap));
            return discrepancy(channelsOf(ours), channelsOf(theirs));
          }),
        ),
    };
  },
};
