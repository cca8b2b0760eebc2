/** When the learning rate is what; epochs count from 0. */
export interface LearningRatePlan {
  readonly epochs: number;
  /** Highest rate: reached when the warm-up ends. */
  readonly rate: number;
  /** Share of the epochs that warm up; 0 = none. */
  readonly warmupRatio: number;
  /** Rate of the first epoch while warming up. */
  readonly warmupRate: number;
  readonly schedule: Schedule;
  /** Lowest rate of a cosine. */
  readonly minRate: number;
  /** Epochs between two drops of `step`. */
  readonly stepSize: number;
  /** What `step` multiplies the rate by at each drop. */
  readonly stepFactor: number;
  /** Epochs that `cosine-restart-wave` falls, and then climbs. */
  readonly halfPeriod: number;
}

/** Course of the learning rate after the warm-up. */
export type Schedule = 'cosine' | 'constant' | 'step' | 'cosine-restart-wave';

/** Course of the learning rate of adapters. */
export type AdapterSchedule = 'student' | 'original';

/** Half a cosine, from the full to the lowest rate at `turn` = π, and on as a cosine goes on. */
const along = ({ rate, minRate }: LearningRatePlan, turn: number): number =>
  minRate + ((rate - minRate) * (1 + Math.cos(turn))) / 2;

/** Rate by the number of epochs since the warm-up and the number of epochs that it leaves. */
const COURSES: Readonly<Record<Schedule, (plan: LearningRatePlan, since: number, span: number) => number>> = {
  cosine: (plan, since, span) => along(plan, Math.PI * (since / span)),
  constant: ({ rate }) => rate,
  step: ({ rate, stepSize, stepFactor }, since) => rate * stepFactor ** Math.floor(since / stepSize),
  'cosine-restart-wave': (plan, since) => along(plan, Math.PI * (since / plan.halfPeriod)),
};

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
 * full rate. Then, with s = e − W:
 *
 * - cosine: annealing without restarts (Loshchilov & Hutter, ICLR 2017): min + ½ (hi − min)(1 + cos(π s/(E − W)));
 * - constant: hi;
 * - step: hi · factor^floor(s/size), PyTorch's StepLR;
 * - cosine-restart-wave: min + ½ (hi − min)(1 + cos(π s/H)) with half period H: PyTorch's CosineAnnealingLR in its
 *   closed form, stepped past its T_max = H. It climbs back as it fell rather than restart: period 2H.
 *
 * @param plan - the schedule
 * @param epoch - e, integer in 0 … E−1
 * @returns the rate of every update of that epoch
 */
export function learningRate(plan: LearningRatePlan, epoch: number): number {
  const warmup = warmupEpochs(plan.epochs, plan.warmupRatio);
  if (epoch < warmup) return plan.warmupRate + ((plan.rate - plan.warmupRate) * epoch) / warmup;
  return COURSES[plan.schedule](plan, epoch - warmup, plan.epochs - warmup);
}

/**
 * Learning rate of a distillation method's adapters: the student's, or in the form `original` that of a parameter group
 * which joins an optimiser after its scheduler was made, as in the original experiments. Epoch 0 runs at the full rate,
 * not at the warm-up's; and CosineAnnealingLR of PyTorch 1.13, which climbs from its lowest rate by a rule that knows the
 * first groups alone, leaves it there: after the first fall of cosine-restart-wave it stays at the lowest rate.
 *
 * @param plan - the student's schedule
 * @param epoch - e, integer in 0 … E−1
 * @param form - `student` or `original`
 * @returns the rate of every update of that epoch
 */
export function adapterRate(plan: LearningRatePlan, epoch: number, form: AdapterSchedule): number {
  if (form === 'student') return learningRate(plan, epoch);
  if (epoch === 0) return plan.rate;
  const lowest = warmupEpochs(plan.epochs, plan.warmupRatio) + plan.halfPeriod;
  return plan.schedule === 'cosine-restart-wave' && epoch >= lowest ? plan.minRate : learningRate(plan, epoch);
}
