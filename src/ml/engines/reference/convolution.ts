import type { Numbers } from '../primitives.ts';
import { activate, at, put } from './arrays.ts';
import type { Implementations } from './implementations.ts';

const PANEL = 8;

type Shape = Omit<Numbers<'conv'>, 'activation'>;

/** Calls back for every product of the convolution: indices of output pixel, input pixel and tap. */
function eachProduct(s: Shape, visit: (output: number, input: number, tap: number) => void): void {
  for (let image = 0; image < s.batch; image++)
    for (let row = 0; row < s.outHeight; row++)
      for (let column = 0; column < s.outWidth; column++)
        for (let tap = 0; tap < s.kernel * s.kernel; tap++) {
          const h = row * s.stride - s.padding + Math.floor(tap / s.kernel);
          const w = column * s.stride - s.padding + (tap % s.kernel);
          if (h < 0 || w < 0 || h >= s.height || w >= s.width) continue;
          const output = (image * s.outHeight + row) * s.outWidth + column;
          visit(output, (image * s.height + h) * s.width + w, tap);
        }
}

/** Calls back for every filter element of a tap: input channel k, output channel n, index in panels of eight outputs. */
function eachElement(s: Shape, tap: number, visit: (k: number, n: number, element: number) => void): void {
  const depth = s.kernel * s.kernel * s.channels;
  for (let n = 0; n < s.outChannels; n++) {
    const first = (Math.floor(n / PANEL) * depth + tap * s.channels) * PANEL + (n % PANEL);
    for (let k = 0; k < s.channels; k++) visit(k, n, first + k * PANEL);
  }
}

export const convolution: Implementations<'conv' | 'conv-input-gradient' | 'conv-filter-gradient' | 'bias-gradient'> = {
  conv({ x, filter, scale, shift, residual, y }, s) {
    const count = s.batch * s.outHeight * s.outWidth * s.outChannels;
    const sums = new Float64Array(count);
    eachProduct(s, (output, input, tap) => {
      eachElement(s, tap, (k, n, element) => {
        put(sums, output * s.outChannels + n, at(x, input * s.channels + k) * at(filter, element), 1);
      });
    });
    for (let i = 0; i < count; i++) {
      const n = i % s.outChannels;
      const scaled = at(sums, i) * (scale ? at(scale, n) : 1) + (shift ? at(shift, n) : 0);
      y[i] = activate(scaled + (residual ? at(residual, i) : 0), s.activation);
    }
  },
  'conv-input-gradient'({ dy, filter, dx }, s) {
    if (!s.accumulate) dx.fill(0, 0, s.batch * s.height * s.width * s.channels);
    eachProduct(s, (output, input, tap) => {
      eachElement(s, tap, (k, n, element) => {
        put(dx, input * s.channels + k, at(dy, output * s.outChannels + n) * at(filter, element), 1);
      });
    });
  },
  'conv-filter-gradient'({ x, dy, dfilter }, s) {
    dfilter.fill(0, 0, s.outChannels * s.kernel * s.kernel * s.channels);
    eachProduct(s, (output, input, tap) => {
      eachElement(s, tap, (k, n, element) => {
        put(dfilter, element, at(x, input * s.channels + k) * at(dy, output * s.outChannels + n), 1);
      });
    });
  },
  'bias-gradient'({ dy, dbias }, { rows, channels }) {
    dbias.fill(0, 0, channels);
    for (let i = 0; i < rows * channels; i++) put(dbias, i % channels, at(dy, i), 1);
  },
};
