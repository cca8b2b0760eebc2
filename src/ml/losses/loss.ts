import type { RecipeParams } from '../../params/recipe.ts';
import type { Node } from '../algebra/node.ts';

/** The recipe's parameters of losses, and class weights of the dataset; each loss reads what it needs. */
export interface LossOptions extends Pick<RecipeParams, 'labelSmoothing' | 'polyEpsilon' | 'focalGamma'> {
  /** w_c > 0 for every class; null for equal weights. */
  readonly classWeights: Float64Array | null;
}

/** A supervised loss by its YAML name. */
export interface SupervisedLoss {
  readonly summary: string;
  /** Paper: authors, title, venue, year. */
  readonly source: string;
  /**
   * The loss as an expression.
   *
   * @param logits - [N, C]
   * @param labels - class indices [N], each in 0 … C−1
   * @param options - its shape
   * @returns a scalar, differentiable in the logits; not finite where a logit is NaN or +∞
   */
  of(logits: Node, labels: Node, options: LossOptions): Node;
}
