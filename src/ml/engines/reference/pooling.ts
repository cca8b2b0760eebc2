import type { Numbers } from '../primitives.ts';
import { at, put } from './arrays.ts';
import type { Implementations } from './implementations.ts';

type Shape = Numbers<'max-pool'>;

/** Calls back for every output element with the indices of the input elements in its window. */
function eachWindow(s: Shape, visit: (output: number, inputs: readonly number[]) => void): void {
  const pixels = s.batch * s.outHeight * s.outWidth;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const top = (Math.floor(pixel / s.outWidth) % s.outHeight) * s.stride - s.padding;
    const left = (pixel % s.outWidth) * s.stride - s.padding;
    const image = Math.floor(pixel / (s.outHeight * s.outWidth));
    const inside: number[] = [];
    for (let h = Math.max(0, top); h < Math.min(s.height, top + s.kernel); h++)
      for (let w = Math.max(0, left); w < Math.min(s.width, left + s.kernel); w++)
        inside.push(((image * s.height + h) * s.width + w) * s.channels);
    for (let c = 0; c < s.channels; c++)
      visit(
        pixel * s.channels + c,
        inside.map((index) => index + c),
      );
  }
}

/** Pixels that a mean is taken over. */
const areaOf = ({ kernel, countPadding }: Numbers<'average-pool'>, inside: readonly number[]): number =>
  countPadding ? kernel ** 2 : inside.length;

function clear(dx: Float64Array, s: Shape & { readonly accumulate: number }): void {
  if (!s.accumulate) dx.fill(0, 0, s.batch * s.height * s.width * s.channels);
}

export const pooling: Implementations<'max-pool' | 'max-pool-gradient' | 'average-pool' | 'average-pool-gradient'> = {
  'max-pool'({ x, y }, s) {
    eachWindow(s, (output, inputs) => (y[output] = Math.max(...inputs.map((input) => at(x, input)))));
  },
  'max-pool-gradient'({ x, y, dy, dx }, s) {
    clear(dx, s);
    eachWindow(s, (output, inputs) => {
      const winner = inputs.find((input) => at(x, input) === at(y, output));
      if (winner !== undefined) put(dx, winner, at(dy, output), 1);
    });
  },
  'average-pool'({ x, y }, s) {
    eachWindow(s, (output, inputs) => {
      y[output] = inputs.reduce((sum, input) => sum + at(x, input), 0) / areaOf(s, inputs);
    });
  },
  'average-pool-gradient'({ dy, dx }, s) {
    clear(dx, s);
    eachWindow(s, (output, inputs) => {
      for (const input of inputs) put(dx, input, at(dy, output) / areaOf(s, inputs), 1);
    });
  },
};
