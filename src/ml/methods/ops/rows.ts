import {
  customGrad,
  div,
  logSoftmax,
  maximum,
  mean,
  mul,
  reshape,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  tensor,
} from '@tensorflow/tfjs-core';
import type { Rank, Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { KdBatch, Sides } from '../kd-method.ts';
import { valuesOf } from './maps.ts';

/** Least squared norm. */
const LEAST = 1e-24;

/**
 * L2 norms of rows, at least 1e-12 as in PyTorch's `normalize`; guarded under the root, whose slope at 0 is infinite.
 *
 * @param rows - [..., n]
 * @returns [..., 1]
 */
export const norms = (rows: Tensor): Tensor => sqrt(maximum(sum(square(rows), -1, true), LEAST));

/** Rows y = x/‖x‖ of n values each, and their norms. */
function normalisedRows(values: Float32Array, n: number) {
  const [rows, lengths] = [new Float32Array(values.length), new Float64Array(values.length / n)];
  for (let row = 0, from = 0; row < lengths.length; row++, from += n) {
    let squares = 0;
    for (let i = from; i < from + n; i++) squares += (values[i] ?? 0) * (values[i] ?? 0);
    const length = Math.sqrt(Math.max(squares, LEAST));
    lengths[row] = length;
    for (let i = from; i < from + n; i++) rows[i] = (values[i] ?? 0) / length;
  }
  return { rows, lengths };
}

/** Gradient of {@link normalisedRows}: (dy − y ⟨y, dy⟩)/‖x‖; dy/‖x‖ where ‖x‖ is the least there is. */
function normalisedSlopes(dy: Float32Array, { rows, lengths }: ReturnType<typeof normalisedRows>): Float32Array {
  const [slopes, n] = [new Float32Array(dy.length), dy.length / lengths.length];
  lengths.forEach((length, row) => {
    const [from, end] = [row * n, (row + 1) * n];
    let along = 0;
    if (length * length > LEAST) for (let i = from; i < end; i++) along += (rows[i] ?? 0) * (dy[i] ?? 0);
    for (let i = from; i < end; i++) slopes[i] = ((dy[i] ?? 0) - along * (rows[i] ?? 0)) / length;
  });
  return slopes;
}

/**
 * Rows divided by their L2 norms, at least 1e-12: one pass over the values, and one back.
 *
 * @param rows - [..., n]
 * @returns the same shape
 */
export function unitRows(rows: Tensor): Tensor {
  const divide = customGrad(() => {
    const made = normalisedRows(valuesOf(rows), rows.shape.at(-1) ?? 1);
    const gradFunc = (dy: Tensor): Tensor => tensor(normalisedSlopes(valuesOf(dy), made), rows.shape);
    return { value: tensor(made.rows, rows.shape), gradFunc };
  });
  return divide(rows);
}

/**
 * One row an image.
 *
 * @param map - [N, H, W, C], or [N, C]
 * @returns [N, H·W·C]
 */
export const flatRows = (map: Tensor): Tensor2D => reshape<Rank.R2>(map, [map.shape[0], -1]);

/**
 * Logits of both sides.
 *
 * @param batch - with a tap `logits` on both sides
 * @returns [N, C] each
 */
export const logitsOf = ({ teacher, student }: KdBatch): Sides<Tensor2D> => ({
  teacher: teacher['logits'] as Tensor2D,
  student: student['logits'] as Tensor2D,
});

/**
 * Kullback–Leibler divergence of each row: Σ_j p_j (log p_j − log q_j), p = softmax(teacher), q = softmax(student).
 *
 * @param teacher - logits [N, C]
 * @param student - logits [N, C]
 * @returns [N]
 */
export const divergences = (teacher: Tensor2D, student: Tensor2D): Tensor1D =>
  sum(mul(softmax(teacher), sub(logSoftmax(teacher), logSoftmax(student))), 1);

/**
 * Mean divergence at a temperature: T² · mean_i KL(softmax(z_t/T) ‖ softmax(z_s/T)). T² keeps the gradient's size when
 * T changes (Hinton et al. 2014).
 *
 * @param logits - z of both sides, [N, C]
 * @param temperature - T > 0
 * @returns the scalar
 */
export const softDivergence = ({ teacher, student }: Sides<Tensor2D>, temperature: number): Scalar =>
  mul(mean(divergences(div(teacher, temperature), div(student, temperature))), temperature ** 2);
