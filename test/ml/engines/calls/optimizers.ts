import { signed } from '../../../support/hashed.ts';
import { positive, type Call, type Case } from './call.ts';

const count = 1000;
const group = {
  w: signed('w', count, 10),
  g: signed('g', count, 10),
  first: signed('first', count),
  second: positive('second', count),
};

function updates(): Call[] {
  return [0, 1].flatMap((decay): Call[] => [
    { primitive: 'adamw', operands: group, numbers: { count, decay, beta1: 0.9, beta2: 0.999, eps: 1e-8 } },
    ...[0, 1].map((nesterov): Call => ({
      primitive: 'sgd',
      operands: { w: group.w, g: group.g, first: group.first },
      numbers: { count, decay, nesterov, momentum: 0.9 },
    })),
    ...[0, 0.9].map((momentum): Call => ({
      primitive: 'rmsprop',
      operands: { ...group, first: positive('square', count) },
      numbers: { count, decay, alpha: 0.99, eps: 1e-8, momentum },
    })),
    { primitive: 'moving-average', operands: { average: group.w, x: group.g }, numbers: { count } },
  ]);
}

export const optimizers: readonly Case[] = [{ title: 'updates', calls: updates, tolerance: 1e-6 }];
