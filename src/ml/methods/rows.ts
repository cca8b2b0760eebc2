import { div, logSoftmax, maximum, mean, reshape, softmax, sqrt, square, sub, sum, mul } from '@tensorflow/tfjs-core';
import type { Rank, Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { KdBatch, Sides } from './kd-method.ts';

/**
 * L2 norms of rows, at least 1e-12 as in PyTorch's `normalize`; guarded under the root, whose slope at 0 is infinite.
 *
 * @param rows - [..., n]
 * @returns [..., 1]
 */
export const norms = (rows: Tensor): Tensor => sqrt(maximum(sum(square(rows), -1, true), 1e-24));

/**
 * Rows divided by their L2 norms.
 *
 * @param rows - [..., n]
 * @returns the same shape
 */
export const unitRows = (rows: Tensor): Tensor => div(rows, norms(rows));

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
