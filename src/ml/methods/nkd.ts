import { add, div, logSoftmax, mean, mul, neg, softmax, sum } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { KdMethod } from './kd-method.ts';
import { logitsOf } from './ops/rows.ts';
import { bothSides } from './terms/taps.ts';
import { targetMask, withoutTarget } from './terms/target-class.ts';

/**
 * Normalised distillation: cross entropies instead of divergences, with the non-target classes normalised to sum 1:
 * L = −mean_i p_t,y log p_s,y − γ · T² · mean_i Σ_{j≠y} p̂_t,j log p̂_s,j, p̂ = softmax without class y of z/T.
 * Its least value is not 0 but the teacher's entropies.
 */
export const normalised: KdMethod = {
  name: 'NKD',
  source: 'Yang, Zeng, Li, Zhang, Yuan, Li: From Knowledge Distillation to Self-Knowledge Distillation, ICCV 2023',
  options: {
    nkd_gamma: { type: 'number', minimum: 0, default: 1.5, description: 'γ: weight of the other classes’ part.' },
    nkd_temperature: { type: 'number', exclusiveMinimum: 0, default: 1, description: 'T of the other classes’ part.' },
  },
  weighting: 'odds',
  taps: (_, available) => bothSides('NKD', 'logits', available),
  create: ({ nkd_gamma: gamma, nkd_temperature: temperature }) => {
    const degree = Number(temperature);
    return {
      loss: (batch) => {
        const { teacher, student } = logitsOf(batch);
        const target = targetMask(batch.labels, student);
        const others = (logits: Tensor2D): Tensor2D => withoutTarget(div<Tensor2D>(logits, degree), target);
        const ofTarget = sum(mul(target, mul(softmax(teacher), logSoftmax(student))), 1);
        const ofOthers = sum(mul(softmax(others(teacher)), logSoftmax(others(student))), 1);
        return neg(mean(add(ofTarget, mul(ofOthers, Number(gamma) * degree ** 2))));
      },
    };
  },
};
