import { add, div, log, mean, mul, sub, sum } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { rowGram } from './ops/columns.ts';
import type { KdMethod } from './kd-method.ts';
import { flatRows, norms } from './ops/rows.ts';
import { bothSides } from './terms/taps.ts';

const EPSILON = 1e-7;

/** Probability that an image picks each image of the batch: (cosine + 1) / 2, rows to sum 1. */
function neighbours(features: Tensor2D): Tensor2D {
  const units = div<Tensor2D>(features, add(norms(features), EPSILON));
  const closeness = mul<Tensor2D>(add(rowGram(units), 1), 0.5);
  return div(closeness, sum(closeness, 1, true));
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
  relational: true,
  taps: (_, available) => bothSides('PKT', 'pooled', available),
  create: () => ({
    loss: ({ teacher, student }) => {
      const ours = neighbours(flatRows(student['pooled'] as Tensor));
      const theirs = neighbours(flatRows(teacher['pooled'] as Tensor));
      return mean(mul(theirs, sub(log(add(theirs, EPSILON)), log(add(ours, EPSILON)))));
    },
  }),
};
