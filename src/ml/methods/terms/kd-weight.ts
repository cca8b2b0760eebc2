import type { KdMethod } from '../kd-method.ts';

/**
 * Weight w of the distillation term in total = L_cls + w · L_kd. With `odds`, r is the term's share of a sum that
 * weighs both parts by (1 − r) and r, rescaled so that the supervised part keeps weight 1; r = 1 means w = 1.
 *
 * @param ratio - `kd_ratio`, r > 0
 * @param weighting - the method's rule
 * @returns r/(1 − r) for `odds` and r < 1, else r
 */
export function kdWeight(ratio: number, weighting: KdMethod['weighting']): number {
  return weighting === 'odds' && ratio < 1 ? ratio / (1 - ratio) : ratio;
}

/**
 * The `kd_ratio` that makes a weight.
 *
 * @param weight - w > 0
 * @param weighting - the method's rule
 * @returns r with {@link kdWeight}(r) = w: w/(1 + w) for `odds`, else w
 */
export function kdRatio(weight: number, weighting: KdMethod['weighting']): number {
  return weighting === 'odds' ? weight / (1 + weight) : weight;
}

/**
 * How much of the weight a ramp leaves: it climbs linearly from 0, an epoch at a time, as a warm-up does.
 *
 * @param epoch - counted from 0
 * @param ramp - n, epochs until all of it is there; 0 = all from the start
 * @returns min(1, epoch / n)
 */
export const rampShare = (epoch: number, ramp: number): number => (epoch < ramp ? epoch / ramp : 1);
