import { learningRate } from '../optim/schedule.ts';
import { every, pauses } from '../inference/pace.ts';
import type { EpochPace, TrainingResult, TrainingJob } from './job.ts';
import { Objectives, type Minimised } from './objectives.ts';
import { countPasses, type Recipe } from './recipe.ts';
import { divideTerms } from './term-losses.ts';
import { Trainer } from './trainer.ts';
import { isOver, type EpochRow, type Position } from './training-state.ts';
import { validate } from './validate.ts';

/** Milliseconds between two progress messages. */
const CADENCE = 250;
/** Least milliseconds between two checkpoints within an epoch; at its end there is no least. */
const SAVE_WITHIN = 60_000;
/** Share of the time that checkpoints may take. Where one is cheap, every epoch ends with one. */
const SAVE_SHARE = 0.05;

/** Times so far: milliseconds. */
interface Times {
  readonly steps: number;
  readonly waited: number;
  readonly brought: number;
}

/** What the loop carries beside the training state. */
interface Loop {
  readonly job: TrainingJob;
  readonly trainer: Trainer;
  readonly pause: ReturnType<typeof pauses>;
  readonly speak: () => boolean;
  images: number;
  /** Time that these images took, that of others of its cohort included: they share the process. */
  seconds: number;
  /** Where and when it began. */
  readonly from: { readonly epochs: number; readonly at: number };
  /** When the epoch began. */
  epochFrom: Times;
  savedAt: number;
  /** Where the run stood when it was saved. */
  savedAs: Position | null;
  /** Milliseconds that the last checkpoint took. */
  saving: number;
}

const speedOf = ({ images, seconds }: Loop): number => images / Math.max(seconds, 1e-9);

const timesOf = ({ seconds, job }: Pick<Loop, 'seconds' | 'job'>): Times => ({
  steps: 1000 * seconds,
  waited: job.steps.waited,
  brought: job.images.brought,
});

/** The pace of the epoch whose steps have been made. */
function paceOf(loop: Loop): EpochPace {
  const [from, to] = [loop.epochFrom, timesOf(loop)];
  const steps = Math.max(to.steps - from.steps, 1e-6);
  return {
    imagesPerSecond: speedOf(loop),
    waiting: (to.waited - from.waited) / steps,
    bringing: (to.brought - from.brought) / steps,
  };
}

/** Epochs that lie behind, with the part of the one under way. */
const epochsDone = ({ position: { epoch, sums } }: Trainer, epochImages: number): number =>
  epoch + sums.images / epochImages;

function report(loop: Loop, epochImages: number): void {
  const { job, trainer, from } = loop;
  const { sums } = trainer.position;
  const total = job.recipe.epochs;
  const done = epochsDone(trainer, epochImages);
  const loss = (sums.loss + sums.kd.weighted) / Math.max(sums.images, 1);
  // By the clock, not by the rate: validation and checkpoints take their time too.
  const eta = ((total - done) * (performance.now() - from.at)) / 1000 / (done - from.epochs);
  job.progress({ done: Math.round(done * 100) / 100, total, imagesPerSecond: speedOf(loop), loss, eta });
}

function save(loop: Loop): void {
  const started = performance.now();
  loop.job.checkpoint.save(loop.trainer.state());
  loop.savedAt = performance.now();
  loop.saving = loop.savedAt - started;
  loop.savedAs = loop.trainer.position;
}

/** Saves the end, unless it was saved already. */
function saveEnd({ job, trainer, savedAs }: Loop): void {
  if (savedAs !== trainer.position) job.checkpoint.saveEnd(trainer.state());
}

function saveIfDue(loop: Loop, least: number): void {
  if (performance.now() - loop.savedAt >= Math.max(least, loop.saving / SAVE_SHARE)) save(loop);
}

/** Sizes of the batches of a split: all alike but for the last. */
function batchSizes(images: number, batchSize: number): readonly number[] {
  const sizes = images >= batchSize ? [batchSize] : [];
  return images % batchSize ? [...sizes, images % batchSize] : sizes;
}

/** The rest of the epoch under way; false when the signal was aborted. */
async function trainEpoch(loop: Loop): Promise<boolean> {
  const { job, trainer } = loop;
  const images = job.data.manifest.splits.train.count;
  let since = performance.now();
  while (trainer.position.batch < job.batches) {
    const { epoch, batch } = trainer.position;
    const step = job.steps.join({ epoch, batch }, (taken) => trainer.begin(taken));
    await job.turn(epoch * job.batches + batch);
    // Another run may have made this step too.
    if (job.signal.aborted && step.leave()) return false;
    await step.make();
    loop.images += trainer.end();
    const now = performance.now();
    loop.seconds += (now - since) / 1000;
    since = now;
    if (loop.speak()) report(loop, images);
    saveIfDue(loop, SAVE_WITHIN);
    await loop.pause();
  }
  return !job.signal.aborted;
}

function rowOf({ epoch, sums }: Position, recipe: Recipe, hasTerm: boolean): Omit<EpochRow, `val_${string}`> {
  const { weighted, each } = divideTerms(sums.kd, sums.images);
  return {
    epoch,
    lr: learningRate(recipe, epoch),
    train_loss: sums.loss / sums.images,
    kd_loss: hasTerm ? weighted : null,
    kd_terms: each,
  };
}

/** Validates the epoch under way and closes it; false when the signal was aborted. */
async function closeEpoch(loop: Loop): Promise<boolean> {
  const { job, trainer } = loop;
  const pace = paceOf(loop);
  const numbers = await validate(job);
  if (!numbers) return false;
  const row = { ...rowOf(trainer.position, job.recipe, job.kd !== null), ...numbers };
  trainer.closeEpoch(row);
  job.epoch(row, pace);
  return true;
}

function trainingResult(loop: Loop): TrainingResult {
  const { best, history, precision, engines = [] } = loop.trainer.position;
  const state = loop.trainer.best;
  const row = history[best?.epoch ?? -1];
  if (!best || !state || !row) throw new Error('training ended without an epoch');
  const imagesPerSecond = loop.images > 0 ? speedOf(loop) : null;
  return { state, batches: best.updates, best: row, history, precision, engines, imagesPerSecond };
}

/**
 * Compiles every step of a run, so that what does not fit, or cannot be, is said before training and not after an epoch.
 *
 * @param run - the parts of its job that take memory
 * @returns what is minimised
 * @throws FailureError `does-not-fit`, or `batch-too-small` where a network cannot take a batch of the split
 */
export function prepare(run: Minimised): Objectives {
  const { session, images, kd, recipe, data } = run;
  const { train, val } = data.manifest.splits;
  const objectives = new Objectives(run);
  for (const batch of batchSizes(train.count, recipe.batchSize)) {
    kd?.prepare(batch, countPasses(recipe));
    objectives.of(batch);
  }
  for (const batch of batchSizes(val.count, recipe.batchSize))
    session.forwardStep({ batch, taps: [], average: recipe.ema, images: images.array(batch) });
  return objectives;
}

/**
 * Trains a network: from its checkpoint where there is one, otherwise from the start. A run that was stopped, or killed,
 * and goes on gives the same bits as one that was not.
 *
 * @param job - network, data, recipe, distillation term and whom to tell
 * @returns the best epoch's weights; undefined when the signal was aborted, after a checkpoint
 * @throws FailureError `non-finite-loss`
 */
export async function fit(job: TrainingJob): Promise<TrainingResult | undefined> {
  const trainer = new Trainer(job);
  const loop: Loop = {
    job,
    trainer,
    from: { epochs: epochsDone(trainer, job.data.manifest.splits.train.count), at: performance.now() },
    pause: pauses(),
    speak: every(CADENCE),
    images: 0,
    seconds: 0,
    epochFrom: timesOf({ seconds: 0, job }),
    savedAt: performance.now(),
    savedAs: null,
    saving: 0,
  };
  while (!isOver(loop.trainer.position, job.recipe)) {
    loop.epochFrom = timesOf(loop);
    if (!(await trainEpoch(loop)) || !(await closeEpoch(loop))) {
      save(loop);
      return undefined;
    }
    saveIfDue(loop, 0);
  }
  saveEnd(loop);
  return trainingResult(loop);
}
