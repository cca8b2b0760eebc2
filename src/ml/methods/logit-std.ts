import { add, div, mean, mul, sqrt, square, sub, sum, maximum } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { KdMethod } from './kd-method.ts';
import { logitsOf, softDivergence } from './ops/rows.ts';
import { bothSides } from './terms/taps.ts';

/** Z-scores of rows: (z − mean) / (unbiased standard deviation + 1e-7). */
function standardise(logits: Tensor2D): Tensor2D {
  const centred = sub(logits, mean(logits, 1, true));
  const variance = mul(sum(square(centred), 1, true), 1 / (logits.shape[1] - 1));
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
  taps: (_, available) => bothSides('LogitStd', 'logits', available),
  create: ({ std_temperature: temperature }) => ({
    loss: (batch) => {
      const { teacher, student } = logitsOf(batch);
      return softDivergence({ teacher: standardise(teacher), student: standardise(student) }, Number(temperature));
    },
  }),
};
