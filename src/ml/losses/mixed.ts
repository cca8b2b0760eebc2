import { floatAt } from '../../util/at.ts';
/** The supervised loss of a batch for some labels; writes all of dL/dlogits, [N, C]. */
export type LabelLoss = (labels: Int32Array, gradient: Float32Array) => number;

/** Labels of pictures that are mixed of two. */
export interface MixedLabels {
  /** λ, in [0, 1]. */
  readonly share: number;
  /** Class indices that count by λ, [N]. */
  readonly labels: Int32Array;
  /** Class indices that count by 1 − λ, [N]. */
  readonly partners: Int32Array;
}

/**
 * The loss of mixed pictures: λ · L(labels) + (1 − λ) · L(partners) (Zhang et al., ICLR 2018). Of a loss that is linear
 * in the target it is the loss of the mixed target.
 *
 * @param loss - of one set of labels
 * @param mixed - both sets, and λ
 * @param gradient - receives dL/dlogits, [N, C]; all of it is written
 * @returns the loss
 */
export function mixedLoss(loss: LabelLoss, mixed: MixedLabels, gradient: Float32Array): number {
  const { share, labels, partners } = mixed;
  const other = new Float32Array(gradient.length);
  const value = share * loss(labels, gradient) + (1 - share) * loss(partners, other);
  gradient.forEach((own, i) => (gradient[i] = share * own + (1 - share) * floatAt(other, i)));
  return value;
}
