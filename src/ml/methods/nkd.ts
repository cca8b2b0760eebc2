import { add, div, mul } from '../algebra/arithmetic.ts';
import type { Node } from '../algebra/node.ts';
import { logSoftmax, mean, softmax, sumRows } from '../algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { logitsOf } from './terms/rows.ts';
import { requireTap } from './terms/taps.ts';
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
  taps: (_, available) => requireTap('NKD', 'logits', available),
  create: ({ nkd_gamma: gamma, nkd_temperature: temperature }) => {
    const degree = Number(temperature);
    return {
      loss: (inputs) => {
        const { teacher, student } = logitsOf(inputs);
        const target = targetMask(inputs.labels, student);
        const others = (logits: Node): Node => withoutTarget(div(logits, degree), target);
        const ofTarget = sumRows(mul(target, mul(softmax(teacher), logSoftmax(student))));
        const ofOthers = sumRows(mul(softmax(others(teacher)), logSoftmax(others(student))));
        return mul(mean(add(ofTarget, mul(ofOthers, Number(gamma) * degree ** 2))), -1);
      },
    };
  },
};
