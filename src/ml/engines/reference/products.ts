import type { Numbers } from '../primitives.ts';
import * as arrays from './arrays.ts';

// Looked up once, not for every product: what runs tests looks an import up at each call, which takes longer than the product.
const { at, put } = arrays;

/** Shape of a convolution of any kind. */
type Shape = Omit<Numbers<'conv-input-gradient'>, 'accumulate' | 'bfloat16'> & { readonly dilation?: number };

/**
 * Calls back for every run of a tap's filter elements that lie side by side: their input channel k, the first of their
 * output channels n, the index of the first, how many there are.
 */
export type EachRun<S> = (
  s: S,
  tap: number,
  visit: (k: number, n: number, element: number, count: number) => void,
) => void;

/** Calls back for every input pixel that a tap of the convolution meets: indices of output pixel and input pixel. */
function eachMeeting(s: Shape, tap: number, visit: (output: number, input: number) => void): void {
  const { height, width, outHeight, outWidth, kernel, stride, padding, dilation = 1 } = s;
  const [down, across] = [Math.floor(tap / kernel) * dilation - padding, (tap % kernel) * dilation - padding];
  for (let image = 0; image < s.batch; image++)
    for (let row = 0; row < outHeight; row++)
      for (let column = 0; column < outWidth; column++) {
        const [h, w] = [row * stride + down, column * stride + across];
        if (h < 0 || w < 0 || h >= height || w >= width) continue;
        visit((image * outHeight + row) * outWidth + column, (image * height + h) * width + w);
      }
}

/** What a convolution and its gradients compute, whatever filter element connects two channels. */
export interface Products<S extends Shape> {
  /** Σ x · filter for every output element. */
  sums(x: Float64Array, filter: Float64Array, s: S): Float64Array;
  /** dx += Σ dy · filter. */
  addInputGradient(operands: { dy: Float64Array; filter: Float64Array; dx: Float64Array }, s: S): void;
  /** dfilter += Σ dy · x. */
  addFilterGradient(operands: { x: Float64Array; dy: Float64Array; dfilter: Float64Array }, s: S): void;
}

/**
 * The three sums over all products input · filter → output.
 *
 * @param eachRun - where the filter keeps its elements
 * @returns the sums
 */
export function productsOver<S extends Shape>(eachRun: EachRun<S>): Products<S> {
  /** Calls back for every pair of pixels that a tap connects: its runs, four numbers each, and the first values of the pixels. */
  const each = (s: S, visit: (runs: Float64Array, input: number, output: number) => void): void => {
    for (let tap = 0; tap < s.kernel ** 2; tap++) {
      const found: number[] = [];
      eachRun(s, tap, (...run) => found.push(...run));
      const runs = Float64Array.from(found);
      eachMeeting(s, tap, (output, input) => visit(runs, input * s.channels, output * s.outChannels));
    }
  };
  return {
    sums: (x, filter, s) => {
      const y = new Float64Array(s.batch * s.outHeight * s.outWidth * s.outChannels);
      each(s, (runs, input, output) => {
        for (let run = 0; run < runs.length; run += 4) {
          const [value, to, element] = [at(x, input + at(runs, run)), output + at(runs, run + 1), at(runs, run + 2)];
          for (let i = 0; i < at(runs, run + 3); i++) put(y, to + i, value * at(filter, element + i), 1);
        }
      });
      return y;
    },
    addInputGradient: ({ dy, filter, dx }, s) => {
      each(s, (runs, input, output) => {
        for (let run = 0; run < runs.length; run += 4) {
          const [to, from, element] = [input + at(runs, run), output + at(runs, run + 1), at(runs, run + 2)];
          for (let i = 0; i < at(runs, run + 3); i++) put(dx, to, at(dy, from + i) * at(filter, element + i), 1);
        }
      });
    },
    addFilterGradient: ({ x, dy, dfilter }, s) => {
      each(s, (runs, input, output) => {
        for (let run = 0; run < runs.length; run += 4) {
          const [value, from, to] = [at(x, input + at(runs, run)), output + at(runs, run + 1), at(runs, run + 2)];
          for (let i = 0; i < at(runs, run + 3); i++) put(dfilter, to + i, at(dy, from + i) * value, 1);
        }
      });
    },
  };
}
