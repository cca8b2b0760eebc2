import { abs, add, div, greater, maximum, minimum, mul, select, sqrt, square, sub } from '../algebra/arithmetic.ts';
import { identity, rowGram } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { mean, sum } from '../algebra/reductions.ts';
import { reshape } from '../algebra/shapes.ts';
import type { KdMethod } from './kd-method.ts';
import { flatRows } from './terms/rows.ts';
import { requireTap } from './terms/taps.ts';

/** Mean of Huber's function with threshold 1, PyTorch's smooth_l1_loss: d²/2 for |d| < 1, else |d| − ½. */
function smoothDistance(a: Node, b: Node): Node {
  const difference = abs(sub(a, b));
  const inner = minimum(difference, 1);
  return mean(mul(inner, sub(difference, mul(inner, 0.5))));
}

/** Pairs of images. */
interface Pairs {
  /** d_ij = ‖v_i − v_j‖, [N, N, 1]; of equal images 0, without a slope. */
  readonly distances: Node;
  /** (v_i − v_j)/d_ij, [N, N, D]; of equal images 0, without a slope. */
  readonly directions: Node;
}

/** Differences come before products, so that images which nearly agree lose no digits: features [N, D]. */
function pairsOf(features: Node): Pairs {
  const [images, size] = [lengthOf(features, 0), lengthOf(features, 1)];
  const differences = sub(reshape(features, [images, 1, size]), features);
  const squares = sum(square(differences), { axes: [2], keepDims: true });
  const isApart = greater(squares, 0);
  // Guarded under the root: its slope at 0 is infinite.
  const lengths = sqrt(select(isApart, squares, 1));
  return {
    distances: select(isApart, lengths, 0),
    directions: mul(differences, select(isApart, div(1, lengths), 0)),
  };
}

/** Distances of pairs of images, at least 1e-6, in units of their mean; 0 of an image to itself. */
function relativeDistances({ distances }: Pairs): Node {
  const images = lengthOf(distances, 0);
  const others = mul(maximum(reshape(distances, [images, images]), 1e-6), sub(1, identity(images)));
  return div(others, div(sum(others), images * (images - 1)));
}

/**
 * Relations of pooled features: L = w_D · smoothL1(distances / their mean) + w_A · smoothL1(cosines of the angles of all
 * triples of images). No array is larger than N² · max(N, D). Images that are equal make no angle.
 */
export const relational: KdMethod = {
  name: 'RKD',
  source: 'Park, Kim, Lu, Cho: Relational Knowledge Distillation, CVPR 2019',
  options: {
    rkd_distance: { type: 'number', minimum: 0, default: 25, description: 'w_D: weight of the distances.' },
    rkd_angle: { type: 'number', minimum: 0, default: 50, description: 'w_A: weight of the angles.' },
  },
  weighting: 'odds',
  published: {
    weight: 1,
    source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 1, of 25 · distances + 50 · angles',
  },
  relational: true,
  // 1: differences before products.
  revision: 1,
  taps: (_, available) => requireTap('RKD', 'pooled', available),
  create: ({ rkd_distance: distance, rkd_angle: angle }) => ({
    loss: ({ teacher, student }) => {
      const [ours, theirs] = [student, teacher].map((side) => pairsOf(flatRows(side('pooled')))) as [Pairs, Pairs];
      return add(
        mul(smoothDistance(relativeDistances(ours), relativeDistances(theirs)), Number(distance)),
        mul(smoothDistance(rowGram(ours.directions), rowGram(theirs.directions)), Number(angle)),
      );
    },
  }),
};
