import { matMul, tensor, type Tensor } from '@tensorflow/tfjs-core';
import { doubleAt, floatAt } from '../../../util/at.ts';
import { lengthOf, valuesOf, withGradient } from './values.ts';

/**
 * Maps as matrices [N, P, C]: one row a pixel, one column a channel, one matrix an image. Sums over pixels are one pass over
 * the values, Gram matrices one product forwards and one backwards; composed of tfjs's ops they would be several.
 */

/** [N, P, C]. */
type MatrixShape = readonly [batch: number, pixels: number, channels: number];

const matrixShape = (of: Tensor): MatrixShape => [lengthOf(of, 0), lengthOf(of, 1), lengthOf(of, 2)];

/** Calls `visit` with each value's place and that of its column among all images' columns. */
function forEachValue([batch, pixels, channels]: MatrixShape, visit: (at: number, column: number) => void): void {
  let at = 0;
  for (let image = 0; image < batch; image++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let channel = 0; channel < channels; channel++, at++) visit(at, image * channels + channel);
}

/** Means of columns, in float64. */
function meansOf(values: Float32Array, shape: MatrixShape): Float64Array {
  const sums = new Float64Array(shape[0] * shape[2]);
  forEachValue(shape, (at, column) => {
    sums[column] = doubleAt(sums, column) + floatAt(values, at);
  });
  return sums.map((sum) => sum / shape[1]);
}

/**
 * Means of columns.
 *
 * @param of - [N, P, C]
 * @returns [N, 1, C]
 */
export function columnMeans(of: Tensor): Tensor {
  const shape = matrixShape(of);
  const [batch, pixels, channels] = shape;
  const means = (): Tensor => tensor(Float32Array.from(meansOf(valuesOf(of), shape)), [batch, 1, channels]);
  return withGradient([of], means, (dy) => {
    const slopes = valuesOf(dy);
    const gradient = new Float32Array(of.size);
    forEachValue(shape, (at, column) => (gradient[at] = floatAt(slopes, column) / pixels));
    return [tensor(gradient, of.shape)];
  });
}

/** Σ (f − centre)² of each column, and its gradient 2 (f − centre) · dy. */
function squaresAround(centres: Float64Array, of: Tensor): Tensor {
  const [shape, values] = [matrixShape(of), valuesOf(of)];
  const squares = (): Tensor => {
    const sums = new Float64Array(centres.length);
    forEachValue(shape, (at, column) => {
      sums[column] = doubleAt(sums, column) + (floatAt(values, at) - doubleAt(centres, column)) ** 2;
    });
    return tensor(Float32Array.from(sums), [shape[0], 1, shape[2]]);
  };
  return withGradient([of], squares, (dy) => {
    const slopes = valuesOf(dy);
    const gradient = new Float32Array(values.length);
    forEachValue(shape, (at, column) => {
      gradient[at] = 2 * floatAt(slopes, column) * (floatAt(values, at) - doubleAt(centres, column));
    });
    return [tensor(gradient, of.shape)];
  });
}

/** Squared lengths of columns, Σ f²: [N, P, C] → [N, 1, C]. */
export const columnEnergies = (of: Tensor): Tensor =>
  squaresAround(new Float64Array(lengthOf(of, 0) * lengthOf(of, 2)), of);

/** Squared deviations of columns from their means, Σ (f − mean)²: [N, P, C] → [N, 1, C]. */
export const columnSpreads = (of: Tensor): Tensor => squaresAround(meansOf(valuesOf(of), matrixShape(of)), of);

/** G + Gᵀ of each matrix. */
function addTranspose(slopes: Tensor): Tensor {
  const side = lengthOf(slopes, -1);
  const values = valuesOf(slopes);
  const sums = new Float32Array(values.length);
  for (let from = 0; from < values.length; from += side * side)
    for (let i = 0; i < side; i++)
      for (let j = 0; j <= i; j++) {
        const [below, above] = [from + i * side + j, from + j * side + i];
        const sum = floatAt(values, below) + floatAt(values, above);
        sums[below] = sum;
        sums[above] = sum;
      }
  return tensor(sums, slopes.shape);
}

/**
 * Gram matrix of rows, F Fᵀ, or of each image's; its gradient is (dG + dGᵀ) F.
 *
 * @param rows - [N, D] or [N, P, D]
 * @returns [N, N] or [N, P, P]
 */
export function rowGram(rows: Tensor): Tensor {
  const values = valuesOf(rows);
  return withGradient(
    [rows],
    () => matMul(rows, rows, false, true),
    (dy) => [matMul(addTranspose(dy), tensor(values, rows.shape))],
  );
}

/**
 * Gram matrices of columns, Fᵀ F of each image; the gradient is F (dG + dGᵀ).
 *
 * @param of - [N, P, C]
 * @returns [N, C, C]
 */
export function columnGram(of: Tensor): Tensor {
  const values = valuesOf(of);
  return withGradient(
    [of],
    () => matMul(of, of, true, false),
    (dy) => [matMul(tensor(values, of.shape), addTranspose(dy))],
  );
}
