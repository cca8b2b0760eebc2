import type { RecipeParams } from '../../params/recipe.ts';

/** A batch of logits and what they should say. */
export interface LabelledLogits {
  /** [N, C], rows dense. */
  readonly logits: Float32Array;
  /** Class indices [N], each in 0 … C−1. */
  readonly labels: Int32Array;
  readonly classes: number;
}

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
   * @param batch - logits and labels
   * @param options - its shape
   * @param gradient - receives dL/dlogits, [N, C]; all of it is written
   * @returns the loss; not finite where a logit is NaN or +∞
   */
  of(batch: LabelledLogits, options: LossOptions, gradient: Float32Array): number;
}
