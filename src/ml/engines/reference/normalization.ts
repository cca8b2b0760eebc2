import { activate, slope } from './activations.ts';
import { at } from './arrays.ts';
import type { Implementations } from './implementations.ts';

/** Mean of `value(index)` over the rows of channel c. */
function channelMean(n: { rows: number; channels: number }, c: number, value: (index: number) => number): number {
  let sum = 0;
  for (let row = 0; row < n.rows; row++) sum += value(row * n.channels + c);
  return sum / n.rows;
}

/** What of a product's numbers says how it reads. */
interface Reading {
  readonly channels: number;
  readonly inputActivation: number;
}

/**
 * What a product reads: x, or the output of the batch norm that made it of x.
 *
 * @param x - [rows, channels]
 * @param inputNorm - scale and shift by channel first; null where x is read as it is
 * @param shape - of the product
 * @returns as many values
 */
export function readThrough(x: Float64Array, inputNorm: Float64Array | null, shape: Reading): Float64Array {
  if (!inputNorm) return x;
  const { channels, inputActivation } = shape;
  return x.map((value, i) => {
    const c = i % channels;
    return activate(value * at(inputNorm, c) + at(inputNorm, channels + c), inputActivation);
  });
}

export const normalization: Implementations<
  'batch-norm-statistics' | 'batch-norm-output' | 'batch-norm-gradient' | 'fold-batch-norm' | 'affine'
> = {
  'batch-norm-statistics'({ x, gamma, beta, mean, variance, saved }, n) {
    for (let c = 0; c < n.channels; c++) {
      const mu = channelMean(n, c, (i) => at(x, i));
      const biased = channelMean(n, c, (i) => (at(x, i) - mu) ** 2);
      const inverse = 1 / Math.sqrt(biased + n.eps);
      const scale = at(gamma, c) * inverse;
      const shift = at(beta, c) - mu * scale;
      [scale, shift, mu, inverse].forEach((value, row) => (saved[row * n.channels + c] = value));
      const unbiased = (biased * n.rows) / Math.max(1, n.rows - 1);
      mean[c] = (1 - n.momentum) * at(mean, c) + n.momentum * mu;
      variance[c] = (1 - n.momentum) * at(variance, c) + n.momentum * unbiased;
    }
  },
  'batch-norm-output'({ x, saved, residual, y }, { rows, channels, activation }) {
    for (let i = 0; i < rows * channels; i++) {
      const normalized = at(x, i) * at(saved, i % channels) + at(saved, channels + (i % channels));
      y[i] = activate(normalized + (residual ? at(residual, i) : 0), activation);
    }
  },
  'batch-norm-gradient'({ x, y, dy, saved, dgamma, dbeta, dx }, n) {
    for (let c = 0; c < n.channels; c++) {
      const [scale = 0, shift = 0, mu = 0, inverse = 0] = [0, 1, 2, 3].map((row) => at(saved, row * n.channels + c));
      const normalized = (i: number): number => (at(x, i) - mu) * inverse;
      const masked = (i: number): number => at(dy, i) * slope(y ? at(y, i) : at(x, i) * scale + shift, n.activation);
      const level = channelMean(n, c, masked);
      const tilt = channelMean(n, c, (i) => masked(i) * normalized(i));
      dbeta[c] = level * n.rows;
      dgamma[c] = tilt * n.rows;
      for (let i = c; i < n.rows * n.channels; i += n.channels) {
        const g = masked(i);
        if (y) dy[i] = g;
        dx[i] = scale * (g - level - normalized(i) * tilt);
      }
    }
  },
  'fold-batch-norm'({ gamma, beta, mean, variance, scale, shift }, { channels, eps }) {
    for (let c = 0; c < channels; c++) {
      scale[c] = at(gamma, c) / Math.sqrt(at(variance, c) + eps);
      shift[c] = at(beta, c) - at(mean, c) * at(scale, c);
    }
  },
  affine({ x, scale, shift, residual, y }, { rows, channels, activation }) {
    for (let i = 0; i < rows * channels; i++) {
      const c = i % channels;
      y[i] = activate(at(x, i) * at(scale, c) + at(shift, c) + (residual ? at(residual, i) : 0), activation);
    }
  },
};
