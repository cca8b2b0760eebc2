import { add, mul } from '../../algebra/arithmetic.ts';
import { oneHot } from '../../algebra/matrices.ts';
import { lengthOf, type Node } from '../../algebra/node.ts';

/** Far below every logit: the softmax of a class that it is added to is exactly 0. */
const NEVER = -1e9;

/**
 * 1 at each image's class, 0 elsewhere.
 *
 * @param labels - class indices [N]
 * @param like - logits [N, C]
 * @returns [N, C]
 */
export const targetMask = (labels: Node, like: Node): Node => oneHot(labels, lengthOf(like, 1));

/**
 * Takes the image's own class out of its softmax.
 *
 * @param logits - [N, C]
 * @param target - {@link targetMask}
 * @returns [N, C]: the target's probability is 0, the others' sum is 1
 */
export const withoutTarget = (logits: Node, target: Node): Node => add(logits, mul(target, NEVER));
