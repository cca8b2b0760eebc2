import { abs, add, div, maximum, minimum, mul, sqrt, sub } from './algebra/arithmetic.ts';
import { identity } from './algebra/inputs.ts';
import { expandDims, reshape, rowGram } from './algebra/matrices.ts';
import { lengthOf, type Node } from './algebra/node.ts';
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

/** Products and distances of all pairs of images. */
interface Pairs {
  /** ⟨v_i, v_j⟩. */
  readonly products: Node;
  /** ‖v_i‖² as a column. */
  readonly squares: Node;
  /** 1 off the diagonal. */
  readonly apart: Node;
  /** ‖v_i − v_j‖; 1 on the diagonal, which `apart` takes out: a distance of 0 has no slope. */
  readonly distances: Node;
}

function pairsOf(features: Node): Pairs {
  const products = rowGram(features);
  const same = identity(lengthOf(features, 0));
  const squares = sum(mul(products, same), { axes: [1], keepDims: true });
  const apart: Node = sub(1, same);
  const squared = sub(add(squares, reshape(squares, [1, -1])), mul(products, 2));
  const distances: Node = sqrt(add(mul(maximum(squared, 1e-12), apart), same));
  return { products, squares, apart, distances };
}

/** Distances of pairs, in units of their mean. */
function relativeDistances({ distances, apart }: Pairs): Node {
  const lengths = mul(distances, apart);
  return div(lengths, div(sum(lengths), sum(apart)));
}

/** Cosines of the angles at i between j and k: ⟨v_j − v_i, v_k − v_i⟩ over both distances, [i, j, k]. */
function cosines({ products, squares, distances, apart }: Pairs): Node {
  const inverse = div(apart, distances);
  // Grouped so that j = i and k = i give exactly 0.
  const toBoth = sub(expandDims(products, 0), expandDims(products, 2));
  const toSelf = sub(expandDims(squares, 2), expandDims(products, 1));
  return mul(mul(add(toBoth, toSelf), expandDims(inverse, 2)), expandDims(inverse, 1));
}

/**
 * Relations of pooled features: L = w_D · smoothL1(distances / their mean) + w_A · smoothL1(cosines of the angles of all
 * triples of images). Both come from one matrix of products, so that no array is larger than N³.
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
  taps: (_, available) => requireTap('RKD', 'pooled', available),
  create: ({ rkd_distance: distance, rkd_angle: angle }) => ({
    loss: ({ teacher, student }) => {
      const ours = pairsOf(flatRows(student('pooled')));
      const theirs = pairsOf(flatRows(teacher('pooled')));
      return add(
        mul(smoothDistance(relativeDistances(ours), relativeDistances(theirs)), Number(distance)),
        mul(smoothDistance(cosines(ours), cosines(theirs)), Number(angle)),
      );
    },
  }),
};
