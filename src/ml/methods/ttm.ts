import { exp, mul } from '../algebra/arithmetic.ts';
import { logSoftmax, logSumExp, mean } from '../algebra/reductions.ts';
import type { KdMethod } from './kd-method.ts';
import { divergences, logitsOf } from './terms/rows.ts';
import { requireTap } from './terms/taps.ts';

/** Both forms; they differ by the weight of an image. */
function transformedTeacherMethod(name: string, weighted: boolean): KdMethod {
  return {
    name,
    source: 'Zheng, Yang: Knowledge Distillation Based on Transformed Teacher Matching, ICLR 2024',
    options: {
      ttm_gamma: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 0.1,
        description: 'γ: power of the teacher’s probabilities, 1/T of its softmax.',
      },
    },
    weighting: 'odds',
    taps: (_, available) => requireTap(name, 'logits', available),
    create: ({ ttm_gamma: power }) => ({
      loss: (inputs) => {
        const { teacher, student } = logitsOf(inputs);
        const transformedLogits = mul(logSoftmax(teacher), Number(power));
        const each = divergences(transformedLogits, student);
        return mean(weighted ? mul(exp(logSumExp(transformedLogits)), each) : each);
      },
    }),
  };
}

/** Transformed teacher matching: q = p_t^γ / Σ p_t^γ against the student's plain softmax, L = mean_i KL(q ‖ p_s). */
export const transformedTeacher = transformedTeacherMethod('TTM', false);

/** Weighted: each image's divergence times Σ_j p_t,j^γ, which is larger the less certain the teacher is. */
export const weightedTransformedTeacher = transformedTeacherMethod('WTTM', true);
