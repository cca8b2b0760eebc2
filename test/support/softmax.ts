/** Value and gradient of the mean cross entropy with label smoothing, in float64. */
export function crossEntropy(
  logits: ArrayLike<number>,
  labels: readonly number[],
  smoothing = 0.1,
): { readonly loss: number; readonly gradient: Float32Array } {
  const classes = logits.length / labels.length;
  const gradient = new Float32Array(logits.length);
  let loss = 0;
  labels.forEach((label, row) => {
    const z = Array.from({ length: classes }, (_, c) => logits[row * classes + c] ?? NaN);
    const peak = Math.max(...z);
    const total = z.reduce((sum, value) => sum + Math.exp(value - peak), 0);
    z.forEach((value, c) => {
      const target = smoothing / classes + (c === label ? 1 - smoothing : 0);
      const log = value - peak - Math.log(total);
      loss -= (target * log) / labels.length;
      gradient[row * classes + c] = (Math.exp(log) - target) / labels.length;
    });
  });
  return { loss, gradient };
}
