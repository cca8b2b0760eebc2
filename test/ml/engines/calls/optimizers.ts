import { signed } from '../../../support/hashed.ts';
import { positive, type Call, type Case } from './call.ts';

const count = 1000;
const group = { w: signed('w', count, 10), g: signed('g', count, 10) };
const [mean, square] = [signed('first', count), positive('second', count)];

function updates(): Call[] {
  return [0, 1].flatMap((decay): Call[] => [
    {
      primitive: 'adamw',
      operands: { ...group, expAvg: mean, expAvgSq: square },
      numbers: { count, decay, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    },
    ...[0, 1].map((nesterov): Call => ({
      primitive: 'sgd',
      operands: { ...group, momentumBuffer: mean },
      numbers: { count, decay, nesterov, momentum: 0.9 },
    })),
    ...[0, 0.9].map((momentum): Call => ({
      primitive: 'rmsprop',
      operands: { ...group, squareAvg: positive('square', count), momentumBuffer: square },
      numbers: { count, decay, alpha: 0.99, eps: 1e-8, momentum },
    })),
    { primitive: 'moving-average', operands: { average: group.w, x: group.g }, numbers: { count } },
  ]);
}

export const optimizers: readonly Case[] = [{ title: 'updates', calls: updates, tolerance: 1e-6 }];
