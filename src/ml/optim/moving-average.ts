/**
 * Decay of the exponential moving average of weights and running statistics (Polyak & Juditsky, 1992) in an update:
 * d(u) = 0.9999 (1 − e^(−u/2000)), so that early, poor weights are forgotten fast.
 *
 * @param update - u, number of the update, from 1
 * @returns d in [0, 1)
 */
export function averageDecay(update: number): number {
  return 0.9999 * (1 - Math.exp(-update / 2000));
}
