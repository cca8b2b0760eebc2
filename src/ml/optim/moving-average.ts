/**
 * Decay of the exponential moving average of weights and running statistics (Polyak & Juditsky, 1992) in an update:
 * d(u) = d (1 − e^(−u/2000)), so that early, poor weights are forgotten fast.
 *
 * @param decay - d in (0, 1)
 * @param update - u, number of the update, from 1
 * @returns d(u) in [0, 1)
 */
export function averageDecay(decay: number, update: number): number {
  return decay * (1 - Math.exp(-update / 2000));
}
