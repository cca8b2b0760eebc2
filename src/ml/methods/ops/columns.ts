import { customGrad, matMul, reshape, tensor } from '@tensorflow/tfjs-core';
import type { GradSaveFunc, Rank, Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { valuesOf } from './maps.ts';

/**
 * Maps as matrices: one row a pixel, one column a channel, one matrix an image. Sums over pixels are one pass over the
 * values, Gram matrices one product forwards and one backwards; composed of tfjs's ops they would be several.
 */

/**
 * Channels as columns.
 *
 * @param map - [N, H, W, C]
 * @returns [N, H·W, C]
 */
export const columns = (map: Tensor4D): Tensor3D => reshape<Rank.R3>(map, [map.shape[0], -1, map.shape[3]]);

/** Calls `visit` with each value's place and that of its column among all images' columns. */
function forEachValue([batch, pixels, channels]: Tensor3D['shape'], visit: (at: number, column: number) => void): void {
  let at = 0;
  for (let image = 0; image < batch; image++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let channel = 0; channel < channels; channel++, at++) visit(at, image * channels + channel);
}

/** Means of columns, in float64. */
function meansOf(values: Float32Array, shape: Tensor3D['shape']): Float64Array {
  const sums = new Float64Array(shape[0] * shape[2]);
  forEachValue(shape, (at, column) => {
    sums[column] = (sums[column] ?? 0) + (values[at] ?? 0);
  });
  return sums.map((sum) => sum / shape[1]);
}

const means = customGrad((...inputs) => {
  const [of] = inputs as [Tensor3D];
  const [batch, pixels, channels] = of.shape;
  const gradFunc = (dy: Tensor): Tensor => {
    const slopes = valuesOf(dy);
    const gradient = new Float32Array(of.size);
    forEachValue(of.shape, (at, column) => (gradient[at] = (slopes[column] ?? 0) / pixels));
    return tensor(gradient, of.shape);
  };
  return { value: tensor(Float32Array.from(meansOf(valuesOf(of), of.shape)), [batch, 1, channels]), gradFunc };
});

/** Σ (f − centre)² of each column, and its gradient 2 (f − centre) · dy; centres are the means, or 0. */
const squaresAround = (centresOf: typeof meansOf): ((of: Tensor3D) => Tensor) =>
  customGrad((...inputs) => {
    const [of, save] = inputs as unknown as [Tensor3D, GradSaveFunc];
    const { shape } = of;
    const values = valuesOf(of);
    const centres = centresOf(values, shape);
    const sums = new Float64Array(centres.length);
    forEachValue(shape, (at, column) => {
      sums[column] = (sums[column] ?? 0) + ((values[at] ?? 0) - (centres[column] ?? 0)) ** 2;
    });
    save([of]);
    const gradFunc = (dy: Tensor, [saved]: Tensor[]): Tensor => {
      const [slopes, f] = [valuesOf(dy), valuesOf(saved ?? of)];
      const gradient = new Float32Array(f.length);
      forEachValue(shape, (at, column) => {
        gradient[at] = 2 * (slopes[column] ?? 0) * ((f[at] ?? 0) - (centres[column] ?? 0));
      });
      return tensor(gradient, shape);
    };
    return { value: tensor(Float32Array.from(sums), [shape[0], 1, shape[2]]), gradFunc };
  });

/**
 * Means of columns.
 *
 * @param of - [N, P, C]
 * @returns [N, 1, C]
 */
export const columnMeans = (of: Tensor3D): Tensor => means(of);

/** Squared lengths of columns, Σ f²: [N, P, C] → [N, 1, C]. */
export const columnEnergies = squaresAround((_, shape) => new Float64Array(shape[0] * shape[2]));

/** Squared deviations of columns from their means, Σ (f − mean)²: [N, P, C] → [N, 1, C]. */
export const columnSpreads = squaresAround(meansOf);

/** G + Gᵀ of each matrix. */
function symmetric(slopes: Tensor): Tensor {
  const side = slopes.shape.at(-1) ?? 1;
  const values = valuesOf(slopes);
  const sums = new Float32Array(values.length);
  for (let from = 0; from < values.length; from += side * side)
    for (let i = 0; i < side; i++)
      for (let j = 0; j <= i; j++) {
        const [below, above] = [from + i * side + j, from + j * side + i];
        const sum = (values[below] ?? 0) + (values[above] ?? 0);
        sums[below] = sum;
        sums[above] = sum;
      }
  return tensor(sums, slopes.shape);
}

/** Products of all pairs of rows: F Fᵀ, and its gradient (dG + dGᵀ) F. */
const rowProducts = customGrad((...inputs) => {
  const [rows, save] = inputs as unknown as [Tensor, GradSaveFunc];
  save([rows]);
  return {
    value: matMul(rows, rows, false, true),
    gradFunc: (dy: Tensor, [saved]: Tensor[]) => matMul(symmetric(dy), saved ?? rows),
  };
});

/** Products of all pairs of columns: Fᵀ F, and its gradient F (dG + dGᵀ). */
const columnProducts = customGrad((...inputs) => {
  const [of, save] = inputs as unknown as [Tensor, GradSaveFunc];
  save([of]);
  return {
    value: matMul(of, of, true, false),
    gradFunc: (dy: Tensor, [saved]: Tensor[]) => matMul(saved ?? of, symmetric(dy)),
  };
});

/**
 * Gram matrix of rows, F Fᵀ, or of each image's.
 *
 * @param rows - [N, D] or [N, P, D]
 * @returns [N, N] or [N, P, P]
 */
export const rowGram = <T extends Tensor2D | Tensor3D>(rows: T): T => rowProducts(rows) as T;

/**
 * Gram matrices of columns, Fᵀ F of each image.
 *
 * @param of - [N, P, C]
 * @returns [N, C, C]
 */
export const columnGram = (of: Tensor3D): Tensor3D => columnProducts(of) as Tensor3D;
