import { addN, mul, type Scalar, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { alignTap } from './terms/adapter.ts';
import { columnGram, columns } from './ops/columns.ts';
import type { KdMethod } from './kd-method.ts';
import { squaredDistance } from './ops/maps.ts';
import { unitRows } from './ops/rows.ts';
import { blocksOption, blockTaps, lastBlocks, tapPairs } from './terms/taps.ts';

/** Products of all pairs of channels of an image, rows L2-normalised: [N, H, W, C] → [N, C, C]. */
const correlations = (map: Tensor): Tensor => unitRows(columnGram(columns(map as Tensor4D)));

function distance(ours: Tensor, theirs: Tensor): Scalar {
  const [images, channels] = [theirs.shape[0], theirs.shape.at(-1) ?? NaN];
  return mul(squaredDistance(correlations(ours), correlations(theirs)), 1 / (channels * images ** 2));
}

/**
 * Inter-channel correlation: G_i = F_i F_iᵀ over an image's channels, rows normalised,
 * L = Σ_blocks Σ_i ‖G_s,i − G_t,i‖²/(C · N²), as the authors' program divides. Maps may differ in size; where they differ
 * in channels, a trained 1×1 convolution brings the student's to the teacher's.
 */
export const interChannel: KdMethod = {
  name: 'ICKD',
  source:
    'Liu, Huang, Lin, Xie, Wang, Chang, Liang: Exploring Inter-Channel Correlation for Diversity-preserved Knowledge Distillation, ICCV 2021',
  options: { blocks: blocksOption },
  weighting: 'odds',
  taps: ({ blocks }, available) => blockTaps('ICKD', blocks, available, lastBlocks(1)),
  create: (_, shapes) => {
    const parts = tapPairs(shapes).map((pair) => ({
      ...pair,
      align: alignTap(`ickd.${pair.tap}.align`, pair.tap, pair),
    }));
    return {
      adapters: parts.flatMap(({ align }) => align.adapters),
      loss: (batch) => addN(parts.map(({ tap, align }) => distance(align.of(batch), batch.teacher[tap] as Tensor))),
    };
  },
};
