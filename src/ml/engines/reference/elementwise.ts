import { bits } from '../../random/random.ts';
import { activate, at, put, slope } from './arrays.ts';
import type { Implementations } from './implementations.ts';

export const elementwise: Implementations<
  'copy-channels' | 'zero' | 'activation' | 'activation-gradient' | 'add' | 'dropout'
> = {
  'copy-channels'({ x, y }, { rows, channels, fromStride, toStride, accumulate }) {
    for (let row = 0; row < rows; row++)
      for (let c = 0; c < toStride; c++)
        put(y, row * toStride + c, c < channels ? at(x, row * fromStride + c) : 0, accumulate);
  },
  zero({ y }, { count }) {
    y.fill(0, 0, count);
  },
  activation({ x, y }, { count, activation }) {
    for (let i = 0; i < count; i++) y[i] = activate(at(x, i), activation);
  },
  'activation-gradient'({ y, dy, dx }, { count, activation, accumulate }) {
    for (let i = 0; i < count; i++) put(dx, i, at(dy, i) * slope(at(y, i), activation), accumulate);
  },
  add({ a, b, y }, { count, activation }) {
    for (let i = 0; i < count; i++) y[i] = activate(at(a, i) + at(b, i), activation);
  },
  dropout({ x, y }, { rows, channels, stride, salt, rate, accumulate }, { seed, step }) {
    for (let row = 0; row < rows; row++)
      for (let c = 0; c < stride; c++) {
        const kept = bits(seed + salt, 'dropout', step, row * channels + c) >= rate * 2 ** 32;
        put(y, row * stride + c, kept ? at(x, row * stride + c) / (1 - rate) : 0, accumulate);
      }
  },
};
