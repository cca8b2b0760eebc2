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

/** Calls back for every product of the convolution's maps: indices of output pixel, input pixel and tap. */
function eachMeeting(s: Shape, visit: (output: number, input: number, tap: number) => void): void {
  const { height, width, outHeight, outWidth, kernel, stride, padding, dilation = 1 } = s;
  for (let image = 0; image < s.batch; image++)
    for (let row = 0; row < outHeight; row++)
      for (let column = 0; column < outWidth; column++)
        for (let tap = 0; tap < kernel * kernel; tap++) {
          const h = row * stride - padding + Math.floor(tap / kernel) * dilation;
          const w = column * stride - padding + (tap % kernel) * dilation;
          if (h < 0 || w < 0 || h >= height || w >= width) continue;
          visit((image * outHeight + row) * outWidth + column, (image * height + h) * width + w, tap);
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
  /** One element of the input meets `count` of the filter, which make as many of the output. */
  const each = (s: S, visit: (input: number, element: number, output: number, count: number) => void): void => {
    eachMeeting(s, (output, input, tap) => {
      eachRun(s, tap, (k, n, element, count) =>
        visit(input * s.channels + k, element, output * s.outChannels + n, count),
      );
    });
  };
  return {
    sums: (x, filter, s) => {
      const y = new Float64Array(s.batch * s.outHeight * s.outWidth * s.outChannels);
      each(s, (input, element, output, count) => {
        for (let i = 0; i < count; i++) put(y, output + i, at(x, input) * at(filter, element + i), 1);
      });
      return y;
    },
    addInputGradient: ({ dy, filter, dx }, s) => {
      each(s, (input, element, output, count) => {
        for (let i = 0; i < count; i++) put(dx, input, at(dy, output + i) * at(filter, element + i), 1);
      });
    },
    addFilterGradient: ({ x, dy, dfilter }, s) => {
      each(s, (input, element, output, count) => {
        for (let i = 0; i < count; i++) put(dfilter, element + i, at(dy, output + i) * at(x, input), 1);
      });
    },
  };
}
