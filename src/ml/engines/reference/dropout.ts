import { bits } from '../../random/random.ts';
import { at, put } from './arrays.ts';
import type { Implementations } from './implementations.ts';

export const dropout: Implementations<'dropout' | 'stochastic-depth'> = {
  dropout({ x, y }, { rows, channels, stride, salt, rate, accumulate }, { seed, step }) {
    for (let row = 0; row < rows; row++)
      for (let c = 0; c < stride; c++) {
        const kept = bits(seed + salt, 'dropout', step, row * channels + c) >= rate * 2 ** 32;
        put(y, row * stride + c, kept ? at(x, row * stride + c) / (1 - rate) : 0, accumulate);
      }
  },
  'stochastic-depth'({ x, y }, { rows, channels, area, salt, rate, accumulate }, { seed, step }) {
    for (let i = 0; i < rows * channels; i++) {
      const kept = bits(seed + salt, 'depth', step, Math.floor(i / (area * channels))) >= rate * 2 ** 32;
      put(y, i, kept ? at(x, i) / (1 - rate) : 0, accumulate);
    }
  },
};
