import type { DistillingParams, RecipeParams } from '../../params/recipe.ts';
import { warmupEpochs } from '../../params/shared-rules.ts';

/** The recipe's parameters of the learning rate; epochs count from 0. */
export type LearningRatePlan = Pick<
  RecipeParams,
  | 'epochs'
  | 'extend'
  | 'scheduleEpochs'
  | 'lr'
  | 'warmup'
  | 'warmupRatio'
  | 'warmupLr'
  | 'schedule'
  | 'minLr'
  | 'stepSize'
  | 'stepGamma'
  | 'milestones'
  | 'tMax'
>;

/** Course of the learning rate after the warm-up. */
type Schedule = RecipeParams['schedule'];

/** Course of the learning rate of adapters. */
export type AdapterSchedule = DistillingParams['adapterSchedule'];

/** Half a cosine, from the full to the lowest rate at `turn` = π, and on as a cosine goes on. */
const along = ({ lr, minLr }: LearningRatePlan, turn: number): number =>
  minLr + ((lr - minLr) * (1 + Math.cos(turn))) / 2;

/** Rate by the number of epochs since the warm-up and the number of epochs that it leaves. */
const COURSES: Readonly<Record<Schedule, (plan: LearningRatePlan, since: number, span: number) => number>> = {
  cosine: (plan, since, span) => along(plan, Math.PI * (since / span)),
  constant: ({ lr }) => lr,
  step: ({ lr, stepSize, stepGamma }, since) => lr * stepGamma ** Math.floor(since / stepSize),
  milestones: ({ lr, epochs, stepGamma, milestones = [] }, since, span) =>
    lr * stepGamma ** milestones.filter((milestone) => milestone <= epochs - span + since).length,
  'cosine-restart-wave': (plan, since) => along(plan, Math.PI * (since / plan.tMax)),
};

/** The plan that an epoch follows: the shorter one that is extended, the longer one that this is the beginning of, or the whole. */
function planOf(plan: LearningRatePlan, epoch: number): LearningRatePlan {
  const { epochs, extend, scheduleEpochs = epochs } = plan;
  return { ...plan, epochs: extend !== undefined && epoch < extend ? extend : scheduleEpochs };
}

/** Number of epochs that warm up. */
const warmupOf = ({ epochs, warmup, warmupRatio }: LearningRatePlan): number =>
  warmup ? warmupEpochs(epochs, warmupRatio) : 0;

/**
 * Learning rate of an epoch; with `extend` the first epochs are those of a plan of as many, with `scheduleEpochs` E is that. Warm-up (Goyal et al., 2017):
 * lo + (hi − lo) · e/W for e ≤ W, so that epoch W runs at the full rate. Then, with s = e − W:
 *
 * - cosine: annealing without restarts (Loshchilov & Hutter, ICLR 2017): min + ½ (hi − min)(1 + cos(π s/(E − W)));
 * - constant: hi;
 * - step: hi · gamma^floor(s/size), PyTorch's StepLR;
 * - milestones: hi · gamma^k after k of the milestones, which count the warm-up too, PyTorch's MultiStepLR;
 * - cosine-restart-wave: min + ½ (hi − min)(1 + cos(π s/H)) with half period H: PyTorch's CosineAnnealingLR in its
 *   closed form, stepped past its T_max = H. It climbs back as it fell rather than restart: period 2H.
 *
 * @param whole - the schedule
 * @param epoch - e, integer in 0 … E−1
 * @returns the rate of every update of that epoch
 */
export function learningRate(whole: LearningRatePlan, epoch: number): number {
  const plan = planOf(whole, epoch);
  const warmup = warmupOf(plan);
  if (epoch < warmup) return plan.warmupLr + ((plan.lr - plan.warmupLr) * epoch) / warmup;
  return COURSES[plan.schedule](plan, epoch - warmup, plan.epochs - warmup);
}

/**
 * Learning rate of a distillation method's adapters: the student's, or in the form `original` that of a parameter group
 * which joins an optimiser after its scheduler was made, as in the original experiments. Epoch 0 runs at the full rate,
 * not at the warm-up's; and CosineAnnealingLR of PyTorch 1.13, which climbs from its lowest rate by a rule that knows the
 * first groups alone, leaves it there: after the first fall of cosine-restart-wave it stays at the lowest rate.
 *
 * @param whole - the student's schedule
 * @param epoch - e, integer in 0 … E−1
 * @param form - `student` or `original`
 * @returns the rate of every update of that epoch
 */
export function adapterRate(whole: LearningRatePlan, epoch: number, form: AdapterSchedule): number {
  const plan = planOf(whole, epoch);
  if (form === 'student') return learningRate(plan, epoch);
  if (epoch === 0) return plan.lr;
  const lowest = warmupOf(plan) + plan.tMax;
  return plan.schedule === 'cosine-restart-wave' && epoch >= lowest ? plan.minLr : learningRate(plan, epoch);
}
