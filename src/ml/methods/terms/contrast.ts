import { add, div, exp, log, mul, select, softplus, sub } from '../../algebra/arithmetic.ts';
import { gatherProducts } from '../../algebra/matrices.ts';
import { lengthOf, type Node } from '../../algebra/node.ts';
import { mean, sum, withoutGradient } from '../../algebra/reductions.ts';
import { slice } from '../../algebra/shapes.ts';

/** Keeps logarithms finite, as in the authors' program. */
const EPSILON = 1e-7;

/** Features that are compared with entries of a bank. */
export interface Comparison {
  /** v, [N, D]. */
  readonly features: Node;
  /** n entries w, [n, D]. */
  readonly bank: Node;
  /** Which entries each image is compared with: the positive, then K negatives, [N, 1 + K]. */
  readonly places: Node;
  /** τ: scores are exp(⟨v, w⟩ / τ). */
  readonly temperature: number;
  /** Z of the first batch, a scalar; 0 where this is it. */
  readonly kept: Node;
}

/** A loss, and the constant that its scores were divided by. */
export interface Contrast {
  readonly loss: Node;
  readonly scale: Node;
}

/**
 * Noise-contrastive estimation: each image's features have to find the positive in a bank among K negatives. With
 * P = exp(⟨v, w⟩/τ)/Z and c = K/n, L = −1/N Σ_i [log(P⁺/(P⁺ + c + ε)) + Σ_j log(c/(P⁻_j + c + ε))], ε = 1e-7. That is the
 * cross entropy of logistic regression with the scores s = log P − log(c + ε), Σ softplus(s) − s⁺, and K log((c + ε)/c).
 *
 * @param compared - features and what they are compared with
 * @returns L, and Z = n · mean score of the first batch, without gradient
 */
export function contrast(compared: Comparison): Contrast {
  const { features, bank, places, temperature, kept } = compared;
  const [images, entries, negatives] = [lengthOf(features, 0), lengthOf(bank, 0), lengthOf(places, 1) - 1];
  const noise = negatives / entries;
  const products = div(gatherProducts(features, bank, places), temperature);
  const scale = withoutGradient(select(kept, kept, mul(mean(exp(products)), entries)));
  const scores = sub(products, add(log(scale), Math.log(noise + EPSILON)));
  const positives = slice(scores, { axis: 1, from: 0, length: 1 });
  const loss = div(sub(sum(softplus(scores)), sum(positives)), images);
  return { loss: add(loss, negatives * Math.log1p(EPSILON / noise)), scale };
}
