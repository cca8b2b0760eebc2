import { add, mul, sub } from '../algebra/arithmetic.ts';
import type { Node } from '../algebra/node.ts';

/** Labels of pictures that are mixed of two. */
export interface MixedLabels {
  /** λ in [0, 1], a scalar. */
  readonly share: Node;
  /** Class indices that count by λ, [N]. */
  readonly labels: Node;
  /** Class indices that count by 1 − λ, [N]. */
  readonly partners: Node;
}

/**
 * The loss of mixed pictures: λ · L(labels) + (1 − λ) · L(partners) (Zhang et al., ICLR 2018). Of a loss that is linear
 * in the target it is the loss of the mixed target.
 *
 * @param loss - makes the loss of one set of labels
 * @param mixed - both sets, and λ
 * @returns the scalar
 */
export function mixedLoss(loss: (labels: Node) => Node, mixed: MixedLabels): Node {
  const { share, labels, partners } = mixed;
  return add(mul(loss(labels), share), mul(loss(partners), sub(1, share)));
}
