import { addN, mul } from '../algebra/arithmetic.ts';
import { columnGram } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import type { KdMethod } from './kd-method.ts';
import { alignTap } from './terms/adapter.ts';
import { columns, squaredDistance } from './terms/maps.ts';
import { unitRows } from './terms/rows.ts';
import { blocksOption, chooseBlocks, lastBlocks, pairTaps } from './terms/taps.ts';

/** Products of all pairs of channels of an image, rows L2-normalised: [N, H, W, C] → [N, C, C]. */
const correlations = (map: Node): Node => unitRows(columnGram(columns(map)));

function distance(ours: Node, theirs: Node): Node {
  const [images, channels] = [lengthOf(theirs, 0), lengthOf(theirs, -1)];
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
  published: { weight: 2.5, source: 'the authors’ program: -b 2.5' },
  taps: ({ blocks }, available) => chooseBlocks('ICKD', blocks, available, lastBlocks(1)),
  create: (_, shapes) => {
    const parts = pairTaps(shapes).map((pair) => ({
      ...pair,
      align: alignTap(`ickd.${pair.tap}.align`, pair.tap, pair),
    }));
    return {
      adapters: parts.flatMap(({ align }) => align.adapters),
      loss: (inputs) => addN(parts.map(({ tap, align }) => distance(align.of(inputs), inputs.teacher(tap)))),
    };
  },
};
