import { abs, add, div, maximum, minimum, mul, sub } from './algebra/arithmetic.ts';
import { identity } from './algebra/inputs.ts';
import { lengthOf, type Node } from './algebra/node.ts';
import { pairDistances, tripleCosines } from './algebra/pairs.ts';
import { mean, sum } from './algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { flatRows } from './terms/rows.ts';
import { requireTap } from './terms/taps.ts';

/** Mean of Huber's function with threshold 1, PyTorch's smooth_l1_loss: d²/2 for |d| < 1, else |d| − ½. */
function smoothDistance(a: Node, b: Node): Node {
  const difference = abs(sub(a, b));
  const inner = minimum(difference, 1);
  return mean(mul(inner, sub(difference, mul(inner, 0.5))));
}

/** Distances of pairs of images, at least 1e-6, in units of their mean; 0 of an image to itself. */
function relativeDistances(features: Node): Node {
  const apart = sub(1, identity(lengthOf(features, 0)));
  const distances = mul(maximum(pairDistances(features), 1e-6), apart);
  return div(distances, div(sum(distances), sum(apart)));
}

/**
 * Relations of pooled features: L = w_D · smoothL1(distances / their mean) + w_A · smoothL1(cosines of the angles of all
 * triples of images). No array is larger than N³. Images that are equal make no angle.
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
      const [ours, theirs] = [flatRows(student('pooled')), flatRows(teacher('pooled'))];
      return add(
        mul(smoothDistance(relativeDistances(ours), relativeDistances(theirs)), Number(distance)),
        mul(smoothDistance(tripleCosines(ours), tripleCosines(theirs)), Number(angle)),
      );
    },
  }),
};
