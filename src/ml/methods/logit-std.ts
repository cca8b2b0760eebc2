import { add, div, maximum, mul, sqrt, square, sub } from '../algebra/arithmetic.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { mean, sum } from '../algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { logitsOf, softDivergence } from './terms/rows.ts';
import { requireTap } from './terms/taps.ts';

/** Z-scores of rows: (z − mean) / (unbiased standard deviation + 1e-7). */
function standardise(logits: Node): Node {
  const byRow = { axes: [1], keepDims: true };
  const centred = sub(logits, mean(logits, byRow));
  const variance = mul(sum(square(centred), byRow), 1 / (lengthOf(logits, 1) - 1));
  // Guarded under the root: its slope at 0 is infinite.
  return div(centred, add(sqrt(maximum(variance, 1e-24)), 1e-7));
}

/** Logit standardisation: soft targets of z-scores, so that the student need not match the range of the teacher's logits. */
export const logitStandardisation: KdMethod = {
  name: 'LogitStd',
  source: 'Sun, Ren, Zheng, Qi, Zhou, Xu: Logit Standardization in Knowledge Distillation, CVPR 2024',
  options: {
    std_temperature: { type: 'number', exclusiveMinimum: 0, default: 2, description: 'T: z-scores are divided by it.' },
  },
  weighting: 'odds',
  published: {
    weight: 9,
    ceWeight: 0.1,
    source: 'the authors’ program: --kd-weight 9, beside 0.1 of the cross entropy',
  },
  taps: (_, available) => requireTap('LogitStd', 'logits', available),
  create: ({ std_temperature: temperature }) => ({
    loss: (inputs) => {
      const { teacher, student } = logitsOf(inputs);
      return softDivergence({ teacher: standardise(teacher), student: standardise(student) }, Number(temperature));
    },
  }),
};
