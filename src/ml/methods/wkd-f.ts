import { add, addN, div, mul, sqrt, square, sub } from '../algebra/arithmetic.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { mean, sum } from '../algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { alignTap } from './terms/adapter.ts';
import { columns, squaredDistance } from './terms/maps.ts';
import { blocksOption, chooseBlocks, lastBlocks, pairTaps } from './terms/taps.ts';

/** Each channel's mean and standard deviation √(unbiased variance + 1e-5) over the pixels of an image. */
function moments(map: Node): { readonly mean: Node; readonly deviation: Node } {
  const pixels = columns(map);
  const overPixels = { axes: [1], keepDims: true };
  const centre = mean(pixels, overPixels);
  const spreads = sum(square(sub(pixels, centre)), overPixels);
  const variance = div(spreads, Math.max(lengthOf(pixels, 1) - 1, 1));
  return { mean: centre, deviation: sqrt(add(variance, 1e-5)) };
}

function distance(ours: Node, theirs: Node, meanWeight: number): Node {
  const [a, b] = [moments(ours), moments(theirs)];
  const total = add(mul(squaredDistance(a.mean, b.mean), meanWeight), squaredDistance(a.deviation, b.deviation));
  return div(total, lengthOf(theirs, 0));
}

/**
 * Wasserstein distance of features: a map as a Gaussian with diagonal covariance over its pixels,
 * L = Σ_blocks 1/N Σ_i (γ ‖μ_s − μ_t‖² + ‖σ_s − σ_t‖²). Maps may differ in size; where they differ in channels, a
 * trained 1×1 convolution brings the student's to the teacher's.
 */
export const wassersteinFeatures: KdMethod = {
  name: 'WKD-F',
  source:
    'Lv, Yang, Li: Wasserstein Distance Rivals Kullback-Leibler Divergence for Knowledge Distillation, NeurIPS 2024',
  options: {
    blocks: blocksOption,
    wkd_mean: { type: 'number', minimum: 0, default: 2, description: 'γ: weight of the means beside the deviations.' },
  },
  weighting: 'odds',
  taps: ({ blocks }, available) => chooseBlocks('WKD-F', blocks, available, lastBlocks(1)),
  create: ({ wkd_mean: weight }, shapes) => {
    const parts = pairTaps(shapes).map((pair) => ({
      ...pair,
      align: alignTap(`wkd.${pair.tap}.align`, pair.tap, pair),
    }));
    return {
      adapters: parts.flatMap(({ align }) => align.adapters),
      loss: (inputs) =>
        addN(parts.map(({ tap, align }) => distance(align.of(inputs), inputs.teacher(tap), Number(weight)))),
    };
  },
};
