import { abs, addN, div, maximum, mul } from '../algebra/arithmetic.ts';
import { rowGram } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { sum } from '../algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { squaredDistance } from './terms/maps.ts';
import { flatRows, unitRows } from './terms/rows.ts';
import { blocksOption, chooseBlocks, lastBlocks } from './terms/taps.ts';

/** How rows of a similarity matrix are normalised. */
const NORMS: Readonly<Record<string, (rows: Node) => Node>> = {
  l1: (rows) => div(rows, maximum(sum(abs(rows), { axes: [1], keepDims: true }), 1e-12)),
  l2: unitRows,
};

/**
 * Similarity preserving: which images of a batch are alike. F [N, H·W·C], G = F Fᵀ with normalised rows,
 * L = Σ_blocks ‖G_t − G_s‖²_F / N². Maps of any two sizes can be compared.
 */
export const similarity: KdMethod = {
  name: 'SP',
  source: 'Tung, Mori: Similarity-Preserving Knowledge Distillation, ICCV 2019',
  options: {
    blocks: blocksOption,
    sp_norm: {
      enum: ['l1', 'l2'],
      default: 'l1',
      description: 'Norm of the rows. l1: as the original experiments ran; l2: the paper.',
    },
  },
  weighting: 'odds',
  published: { weight: 10, source: 'the original experiments on CUB-200-2011, whose norm is l1' },
  relational: true,
  taps: ({ blocks }, available) => chooseBlocks('SP', blocks, available, lastBlocks(2)),
  create: ({ sp_norm: norm }, shapes) => {
    const normalised = typeof norm === 'string' ? NORMS[norm] : undefined;
    if (!normalised) throw new Error(`SP has no norm ${JSON.stringify(norm)}`);
    const similarities = (map: Node): Node => normalised(rowGram(flatRows(map)));
    const distance = (ours: Node, theirs: Node): Node =>
      mul(squaredDistance(similarities(ours), similarities(theirs)), 1 / lengthOf(ours, 0) ** 2);
    return {
      loss: ({ teacher, student }) =>
        addN(Object.keys(shapes.student).map((tap) => distance(student(tap), teacher(tap)))),
    };
  },
};
