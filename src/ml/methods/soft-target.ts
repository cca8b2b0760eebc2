import { div, logSoftmax, mean, mul, softmax, sub, sum, type Tensor2D } from '@tensorflow/tfjs-core';
import type { KdMethod } from './kd-method.ts';

/**
 * Soft targets: L = T² · mean_i KL(softmax(z_t/T) ‖ softmax(z_s/T)). T² keeps the gradient's size when T changes.
 */
export const softTarget: KdMethod = {
  name: 'SoftTarget',
  source: 'Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, NIPS workshop 2014',
  options: {
    temperature: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 4,
      description: 'T: both sides’ logits are divided by it before the softmax.',
    },
  },
  weighting: 'odds',
  taps: () => ({ teacher: ['logits'], student: ['logits'] }),
  create: ({ temperature }) => {
    const degree = Number(temperature);
    return {
      loss: ({ teacher, student }) => {
        const soft = div(teacher['logits'] as Tensor2D, degree);
        const logRatio = sub(logSoftmax(soft), logSoftmax(div(student['logits'] as Tensor2D, degree)));
        return mul(mean(sum(mul(softmax(soft), logRatio), 1)), degree ** 2);
      },
    };
  },
};
