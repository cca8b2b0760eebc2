import { isSameShape, lengthOf, makeNode, refuse, type Node, type Op } from './node.ts';

/** Features that are compared with entries of a bank. */
export interface Comparison {
  /** [N, D]. */
  readonly features: Node;
  /** n entries, [n, D]; constant. */
  readonly bank: Node;
  /** Which entries each image is compared with: the positive, then K negatives, [N, 1 + K], int32. */
  readonly places: Node;
  /** τ: scores are exp(⟨v, w⟩ / τ). */
  readonly temperature: number;
}

function contrastNode(op: 'contrast' | 'contrastScale', { temperature, ...compared }: Comparison, scale: Node): Node {
  const { features, bank, places } = compared;
  const inputs = [features, bank, places, scale];
  const isMatching =
    places.dtype === 'int32' &&
    [features, bank, places].every(({ shape }) => shape.length === 2) &&
    lengthOf(features, 1) === lengthOf(bank, 1) &&
    lengthOf(features, 0) === lengthOf(places, 0) &&
    isSameShape(scale.shape, []);
  if (!isMatching) refuse(op satisfies Op, inputs, 'it takes [N, D], [n, D], int32 [N, 1 + K] and a scalar');
  return makeNode(op, inputs, { temperature }, { shape: [] });
}

/**
 * Noise-contrastive estimation: each image's features have to find the positive in a bank among K negatives. With
 * P = exp(⟨v, w⟩/τ)/Z and c = K/n, L = −1/N Σ_i [log(P⁺/(P⁺ + c)) + Σ_j log(c/(P⁻_j + c))].
 *
 * @param compared - features and what they are compared with
 * @param scale - Z, a scalar
 * @returns the scalar L, differentiable in the features
 */
export const contrast = (compared: Comparison, scale: Node): Node => contrastNode('contrast', compared, scale);

/**
 * What scores are divided by: Z = n · mean score, of the first batch.
 *
 * @param compared - features and what they are compared with
 * @param kept - Z of the first batch, a scalar; 0 where this is it
 * @returns the scalar Z, without gradient
 */
export const contrastScale = (compared: Comparison, kept: Node): Node => contrastNode('contrastScale', compared, kept);
