import { add, mul, oneHot, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

/** Far below every logit: the softmax of a class that it is added to is exactly 0. */
const NEVER = -1e9;

/**
 * 1 at each image's class, 0 elsewhere.
 *
 * @param labels - class indices [N]
 * @param like - logits [N, C]
 * @returns [N, C], float32
 */
export const targetMask = (labels: Tensor, like: Tensor2D): Tensor2D =>
  oneHot(labels, like.shape[1], 1, 0, 'float32') as Tensor2D;

/**
 * Takes the image's own class out of its softmax.
 *
 * @param logits - [N, C]
 * @param target - {@link targetMask}
 * @returns [N, C]: the target's probability is 0, the others' sum is 1
 */
export const withoutTarget = (logits: Tensor2D, target: Tensor2D): Tensor2D => add(logits, mul(target, NEVER));
