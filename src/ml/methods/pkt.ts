import { add, div, log, mul, sub } from '../algebra/arithmetic.ts';
import { rowGram } from '../algebra/matrices.ts';
import type { Node } from '../algebra/node.ts';
import { mean, sum } from '../algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { flatRows, norms } from './terms/rows.ts';
import { requireTap } from './terms/taps.ts';

const EPSILON = 1e-7;

/** Probability that an image picks each image of the batch: (cosine + 1) / 2, rows to sum 1. */
function neighbours(features: Node): Node {
  const units = div(features, add(norms(features), EPSILON));
  const closeness = mul(add(rowGram(units), 1), 0.5);
  return div(closeness, sum(closeness, { axes: [1], keepDims: true }));
}

/**
 * Probabilistic transfer of pooled features: P_ij = (cos(f_i, f_j) + 1)/2, rows to sum 1,
 * L = mean_ij P_t log((P_t + ε)/(P_s + ε)), ε = 1e-7.
 */
export const probabilistic: KdMethod = {
  name: 'PKT',
  source: 'Passalis, Tefas: Learning Deep Representations with Probabilistic Knowledge Transfer, ECCV 2018',
  options: {},
  weighting: 'odds',
  published: { weight: 30_000, source: 'RepDistiller (Tian, Krishnan, Isola, 2020), run_cifar_distill.sh: -b 30000' },
  relational: true,
  taps: (_, available) => requireTap('PKT', 'pooled', available),
  create: () => ({
    loss: ({ teacher, student }) => {
      const ours = neighbours(flatRows(student('pooled')));
      const theirs = neighbours(flatRows(teacher('pooled')));
      return mean(mul(theirs, sub(log(add(theirs, EPSILON)), log(add(ours, EPSILON)))));
    },
  }),
};
