/** When the learning rate is what; epochs count from 0. */
export interface LearningRatePlan {
  readonly epochs: number;
  /** Highest rate: reached when the warm-up ends. */
  readonly rate: number;
  /** Share of the epochs that warm up; 0 = none. */
  readonly warmupRatio: number;
  /** Rate of the first epoch while warming up. */
  readonly warmupRate: number;
  readonly schedule: 'cosine' | 'constant';
  /** Where the cosine ends. */
  readonly minRate: number;
}

/**
 * Number of epochs that warm up: W = floor(ratio · E).
 *
 * @param epochs - E, total number of epochs
 * @param ratio - share in [0, 1)
 * @returns W; a hair is allowed for ratios that binary fractions miss (0.07 · 100)
 */
export function warmupEpochs(epochs: number, ratio: number): number {
  return Math.floor(epochs * ratio + 1e-9);
}

/**
 * Learning rate of an epoch. Warm-up (Goyal et al., 2017): lo + (hi − lo) · e/W for e ≤ W, so that epoch W runs at the
 * full rate. Then either constant, or cosine annealing without restarts (Loshchilov & Hutter, ICLR 2017) over the
 * E − W epochs that are left: min + ½ (hi − min)(1 + cos(π (e − W)/(E − W))).
 *
 * @param plan - the schedule
 * @param epoch - e, integer in 0 … E−1
 * @returns the rate of every update of that epoch
 */
export function learningRate(plan: LearningRatePlan, epoch: number): number {
  const warmup = warmupEpochs(plan.epochs, plan.warmupRatio);
  if (epoch < warmup) return plan.warmupRate + ((plan.rate - plan.warmupRate) * epoch) / warmup;
  if (plan.schedule === 'constant') return plan.rate;
  const turn = Math.PI * ((epoch - warmup) / (plan.epochs - warmup));
  return plan.minRate + ((plan.rate - plan.minRate) * (1 + Math.cos(turn))) / 2;
}
