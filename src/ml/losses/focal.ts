import { add, div, exp, greater, log, mul, pow, select, sub } from '../algebra/arithmetic.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { sum, sumRows } from '../algebra/reductions.ts';
import type { LossOptions } from './loss.ts';
import { targetsOf } from './target.ts';

/** Keeps logarithms finite, as the experiments' code does. */
const OFFSET = 1e-7;

/**
 * Focal loss over softmax probabilities (Lin et al., ICCV 2017), as the original experiments have it:
 * (1/N) Σ_i w_y Σ_j (1 − q_j)^γ t_j (−log q_j), q = p + 1e-7, t = one-hot clamped to [ε/(C−1), 1−ε].
 * Weighted or not, it is divided by N.
 *
 * @param logits - [N, C]
 * @param labels - class indices [N]
 * @param options - label smoothing ε, class weights w, exponent γ
 * @returns the scalar
 */
export function focal(
  logits: Node,
  labels: Node,
  options: Pick<LossOptions, 'labelSmoothing' | 'classWeights' | 'focalGamma'>,
): Node {
  const { target, logProbabilities, weightOfTarget } = targetsOf(logits, labels, options);
  const [images, classes] = [lengthOf(logits, 0), lengthOf(logits, 1)];
  const hit = 1 - options.labelSmoothing;
  const miss = Math.min(hit, options.labelSmoothing / (classes - 1));
  const q = add(exp(logProbabilities), OFFSET);
  const rest = sub(1, q);
  // q may be 1 or more: then the factor and its slope are 0.
  const isUnsure = greater(rest, 0);
  const factor = select(isUnsure, pow(select(isUnsure, rest, 1), options.focalGamma), 0);
  const each = sumRows(mul(mul(factor, select(target, hit, miss)), log(q)));
  return div(sum(mul(each, weightOfTarget)), -images);
}
