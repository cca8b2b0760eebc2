import type { Numbers } from '../primitives.ts';
import { at, put } from './arrays.ts';

/** Shape of a convolution of any kind. */
type Shape = Omit<Numbers<'conv'>, 'activation'> & { readonly dilation?: number };

/** Calls back for every filter element of a tap: input channel k, output channel n, index of the element. */
export type EachElement<S> = (s: S, tap: number, visit: (k: number, n: number, element: number) => void) => void;

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
 * @param eachElement - where the filter keeps its elements
 * @returns the sums
 */
export function productsOver<S extends Shape>(eachElement: EachElement<S>): Products<S> {
  const each = (s: S, visit: (input: number, element: number, output: number) => void): void => {
    eachMeeting(s, (output, input, tap) => {
      eachElement(s, tap, (k, n, element) => visit(input * s.channels + k, element, output * s.outChannels + n));
    });
  };
  return {
    sums: (x, filter, s) => {
      const y = new Float64Array(s.batch * s.outHeight * s.outWidth * s.outChannels);
      each(s, (input, element, output) => put(y, output, at(x, input) * at(filter, element), 1));
      return y;
    },
    addInputGradient: ({ dy, filter, dx }, s) => {
      each(s, (input, element, output) => put(dx, input, at(dy, output) * at(filter, element), 1));
    },
    addFilterGradient: ({ x, dy, dfilter }, s) => {
      each(s, (input, element, output) => put(dfilter, element, at(dy, output) * at(x, input), 1));
    },
  };
}
