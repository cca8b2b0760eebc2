import { add, div, maximum, mul, sqrt, square, sub } from '../../algebra/arithmetic.ts';
import { lengthOf, type Node } from '../../algebra/node.ts';
import { logSoftmax, mean, softmax, sum, sumRows } from '../../algebra/reductions.ts';
import { reshape } from '../../algebra/shapes.ts';
import type { Sides, TermInputs } from '../kd-method.ts';

/** Least squared norm. */
const LEAST = 1e-24;

/**
 * L2 norms of rows, at least 1e-12 as in PyTorch's `normalize`; guarded under the root, whose slope at 0 is infinite.
 *
 * @param rows - [..., n]
 * @returns [..., 1]
 */
export const norms = (rows: Node): Node => sqrt(maximum(sum(square(rows), { axes: [-1], keepDims: true }), LEAST));

/**
 * Rows divided by their {@link norms}.
 *
 * @param rows - [..., n]
 * @returns the same shape
 */
export const unitRows = (rows: Node): Node => div(rows, norms(rows));

/**
 * Z-scores of rows: (z − mean) / (unbiased standard deviation + 1e-7); guarded under the root, whose slope at 0 is infinite.
 *
 * @param rows - [N, C]
 * @returns the same shape
 */
export function zScores(rows: Node): Node {
  const byRow = { axes: [1], keepDims: true };
  const centred = sub(rows, mean(rows, byRow));
  const variance = mul(sum(square(centred), byRow), 1 / (lengthOf(rows, 1) - 1));
  return div(centred, add(sqrt(maximum(variance, LEAST)), 1e-7));
}

/**
 * One row an image.
 *
 * @param map - [N, H, W, C], or [N, C]
 * @returns [N, H·W·C]
 */
export const flatRows = (map: Node): Node => reshape(map, [lengthOf(map, 0), -1]);

/**
 * Logits of both sides.
 *
 * @param inputs - with a tap `logits` on both sides
 * @returns [N, C] each
 */
export const logitsOf = ({ teacher, student }: TermInputs): Sides<Node> => ({
  teacher: teacher('logits'),
  student: student('logits'),
});

/**
 * Kullback–Leibler divergence of each row: Σ_j p_j (log p_j − log q_j), p = softmax(teacher), q = softmax(student).
 *
 * @param teacher - logits [N, C]
 * @param student - logits [N, C]
 * @returns [N]
 */
export const divergences = (teacher: Node, student: Node): Node =>
  sumRows(mul(softmax(teacher), sub(logSoftmax(teacher), logSoftmax(student))));

/**
 * Mean divergence at a temperature: T² · mean_i KL(softmax(z_t/T) ‖ softmax(z_s/T)). T² keeps the gradient's size when
 * T changes (Hinton et al. 2014).
 *
 * @param logits - z of both sides, [N, C]
 * @param temperature - T > 0
 * @returns the scalar
 */
export const softDivergence = ({ teacher, student }: Sides<Node>, temperature: number): Node =>
  mul(mean(divergences(div(teacher, temperature), div(student, temperature))), temperature ** 2);
