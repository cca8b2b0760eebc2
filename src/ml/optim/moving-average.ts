/** Weights and running statistics by name. */
type Values = ReadonlyMap<string, Float32Array>;

/**
 * Decay of the exponential moving average after an update: d(u) = 0.9999 (1 − e^(−u/2000)), so that early, poor weights
 * are forgotten fast.
 *
 * @param update - u, number of updates so far, ≥ 1
 * @returns d in [0, 1)
 */
export function averageDecay(update: number): number {
  return 0.9999 * (1 - Math.exp(-update / 2000));
}

/**
 * Moves an average of weights and running statistics towards their present values: a ← d·a + (1 − d)·θ, rounded to
 * float32 (Polyak & Juditsky, 1992; the decay is {@link averageDecay}).
 *
 * @param average - a, changed in place; the names of `state`
 * @param state - θ, weights and running statistics after the update
 * @param update - u, number of updates so far, ≥ 1
 */
export function moveAverage(average: Values, state: Values, update: number): void {
  const decay = averageDecay(update);
  for (const [name, values] of state) {
    const kept = average.get(name);
    if (!kept) throw new Error(`no average of ${name}`);
    for (let i = 0; i < kept.length; i++) kept[i] = decay * (kept[i] ?? 0) + (1 - decay) * (values[i] ?? 0);
  }
}
