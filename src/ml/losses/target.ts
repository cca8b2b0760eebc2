import { mul, select } from '../algebra/arithmetic.ts';
import { array, constant } from '../algebra/inputs.ts';
import { oneHot } from '../algebra/matrices.ts';
import { lengthOf, type Node } from '../algebra/node.ts';
import { logSoftmax, sumRows } from '../algebra/reductions.ts';
import type { LossOptions } from './loss.ts';

/** What losses say of a batch and its labels. */
export interface Targets {
  /** 1 at each image's class, else 0, [N, C]. */
  readonly target: Node;
  /** log p, [N, C]. */
  readonly logProbabilities: Node;
  /** log p_y, [N]. */
  readonly ofTarget: Node;
  /** w, [C]; all 1 where there are none. */
  readonly weights: Node;
  /** w_y, [N]. */
  readonly weightOfTarget: Node;
}

/**
 * Probabilities of the images' classes, and their weights.
 *
 * @param logits - [N, C]
 * @param labels - class indices [N]
 * @param options - class weights
 * @returns see {@link Targets}
 */
export function targetsOf(logits: Node, labels: Node, options: Pick<LossOptions, 'classWeights'>): Targets {
  const [images, classes] = [lengthOf(logits, 0), lengthOf(logits, 1)];
  const { classWeights } = options;
  const target = oneHot(labels, classes);
  const logProbabilities = logSoftmax(logits);
  const weights = classWeights ? array([...classWeights]) : constant(1, [classes]);
  return {
    target,
    logProbabilities,
    // Chosen, not multiplied: those of other classes may be −∞.
    ofTarget: sumRows(select(target, logProbabilities, 0)),
    weights,
    weightOfTarget: classWeights ? sumRows(mul(target, weights)) : constant(1, [images]),
  };
}
