import type { KdMethod } from './kd-method.ts';
import { logitsOf, softDivergence, zScores } from './terms/rows.ts';
import { requireTap } from './terms/taps.ts';

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
      return softDivergence({ teacher: zScores(teacher), student: zScores(student) }, Number(temperature));
    },
  }),
};
