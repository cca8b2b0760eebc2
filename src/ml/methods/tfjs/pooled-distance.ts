import { neg, scalar, tensor, type Tensor } from '@tensorflow/tfjs-core';
import type { Operations } from '../algebra/node.ts';
import { doubleAt, floatAt } from '../../../util/at.ts';
import { lengthOf, valuesOf, withGradient } from './values.ts';

/** A window of pixels: rows and columns, ends exclusive. */
interface Window {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** First and last pixel (exclusive) of each window of PyTorch's adaptive pooling; neighbours may overlap. */
const cuts = (from: number, to: number): readonly (readonly [number, number])[] =>
  Array.from({ length: to }, (_, i) => [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)]);

const windowsOf = (height: number, width: number, side: number): readonly Window[] =>
  cuts(height, side).flatMap((rows) => cuts(width, side).map((columns) => ({ rows, columns })));

const areaOf = ({ rows, columns }: Window): number => (rows[1] - rows[0]) * (columns[1] - columns[0]);

/** [N, H, W, C]. */
type MapShape = readonly [number, number, number, number];

/** Calls `visit` with the place of each pixel of a window of an image. */
function forEachPixel(
  { rows, columns }: Window,
  [, height, width, channels]: MapShape,
  image: number,
  visit: (at: number) => void,
): void {
  for (let y = rows[0]; y < rows[1]; y++)
    for (let x = columns[0]; x < columns[1]; x++) visit(((image * height + y) * width + x) * channels);
}

/** Mean square of a map that is pooled to `side`², and `factor` times its gradient in the map, which is added to `slopes`. */
function pooledSquares(
  map: Float32Array,
  shape: MapShape,
  side: number,
  into: { factor: number; slopes: Float32Array },
) {
  const [batch, height, width, channels] = shape;
  const size = batch * side ** 2 * channels;
  const { factor, slopes } = into;
  const means = new Float64Array(channels);
  let squares = 0;
  for (const window of windowsOf(height, width, side)) {
    const area = areaOf(window);
    const scale = (2 * factor) / (size * area);
    for (let image = 0; image < batch; image++) {
      means.fill(0);
      forEachPixel(window, shape, image, (at) => {
        for (let c = 0; c < channels; c++) means[c] = doubleAt(means, c) + floatAt(map, at + c);
      });
      for (let c = 0; c < channels; c++) {
        const mean = doubleAt(means, c) / area;
        squares += mean * mean;
        means[c] = scale * mean;
      }
      forEachPixel(window, shape, image, (at) => {
        for (let c = 0; c < channels; c++) slopes[at + c] = floatAt(slopes, at + c) + doubleAt(means, c);
      });
    }
  }
  return squares / size;
}

/** a − b, its mean square, and `factor` times the gradient of that. */
function plainSquares(a: Float32Array, b: Float32Array, factor: number) {
  const [difference, slopes] = [new Float32Array(a.length), new Float32Array(a.length)];
  const scale = (2 * factor) / a.length;
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const d = floatAt(a, i) - floatAt(b, i);
    difference[i] = d;
    slopes[i] = scale * d;
    squares += d * d;
  }
  return { difference, slopes, square: squares / a.length };
}

/**
 * Weighted mean squared differences of two maps and of their pooled forms. Pooling is linear: the difference is pooled.
 *
 * @param a - [N, H, W, C]
 * @param b - the same shape
 * @param weights - of the maps, and of each pooled form
 * @param isConstant - whether nobody asks for the gradient in b
 * @returns the scalar
 */
export function pooledDistance(
  a: Tensor,
  b: Tensor,
  weights: Operations['pooledDistance'],
  isConstant: boolean,
): Tensor {
  const { weight, forms } = weights;
  const shape: MapShape = [lengthOf(a, 0), lengthOf(a, 1), lengthOf(a, 2), lengthOf(a, 3)];
  const { difference, slopes, square } = plainSquares(valuesOf(a), valuesOf(b), weight);
  let value = weight * square;
  for (const { side, weight: factor } of forms)
    value += factor * pooledSquares(difference, shape, side, { factor, slopes });
  const gradients = (dy: Tensor): Tensor[] => {
    const outer = floatAt(valuesOf(dy), 0);
    const own = tensor(
      slopes.map((slope) => outer * slope),
      a.shape,
    );
    return isConstant ? [own] : [own, neg(own)];
  };
  return withGradient(isConstant ? [a] : [a, b], () => scalar(value), gradients);
}
