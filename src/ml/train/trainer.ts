import { fail } from '../../core/failure.ts';
import type { TrainBatch } from '../data/supply.ts';
import type { TrainStep } from '../engines/engine.ts';
import { balancedWeights } from '../losses/cross-entropy.ts';
import type { LossOptions } from '../losses/loss.ts';
import { mixedLoss } from '../losses/mixed.ts';
import { losses } from '../losses/registry.ts';
import type { StateDict } from '../network/network.ts';
import { averageDecay } from '../optim/moving-average.ts';
import { learningRate } from '../optim/schedule.ts';
import { bits } from '../random/random.ts';
import type { Job } from './job.ts';
import { afterEpoch, afterStep, start } from './training-state.ts';
import type { EpochRow, Position, StepLosses, TrainingState } from './training-state.ts';

/** A run between two steps, and how a step is made. */
export class Trainer {
  #position: Position;
  #best: StateDict | null;
  readonly #job: Job;
  readonly #loss: LossOptions;
  readonly #dropoutSeed: number;

  /**
   * Continues from the job's checkpoint, or starts.
   *
   * @param job - the run
   */
  constructor(job: Job) {
    const { recipe, session, data } = job;
    const saved = job.checkpoint.load();
    const model = saved?.tensors.model ?? job.initial;
    session.write(model);
    if (recipe.ema) session.writeAverage(saved?.tensors.average ?? model);
    if (saved) session.writeOptimizer({ updates: saved.position.updates, slots: saved.tensors.optimizer });
    if (saved) job.kd?.restore(saved.tensors.term, saved.position.updates);
    this.#job = job;
    this.#position = saved?.position ?? start;
    this.#best = saved?.tensors.best ?? null;
    const classWeights = recipe.classBalance ? balancedWeights(data.manifest.splits.train.perClass) : null;
    this.#loss = { ...recipe.shape, classWeights };
    this.#dropoutSeed = bits(recipe.seed, 'dropout', 0, 0);
  }

  get position(): Position {
    return this.#position;
  }

  /** Weights and running statistics of the best epoch so far. */
  get best(): StateDict | null {
    return this.#best;
  }

  /** Everything that a later process needs to go on. */
  state(): TrainingState {
    const { session, kd, recipe } = this.#job;
    return {
      position: this.#position,
      tensors: {
        model: session.read(),
        optimizer: session.readOptimizer().slots,
        term: kd?.state() ?? new Map(),
        average: recipe.ema ? session.readAverage() : null,
        best: this.#best,
      },
    };
  }

  /**
   * Trains on the next batch.
   *
   * @param batch - the one at {@link position}
   * @returns number of images
   * @throws FailureError when the loss is not finite any more
   */
  step(batch: TrainBatch): number {
    const { session, recipe, kd } = this.#job;
    const { epoch, updates } = this.#position;
    const { images, labels } = batch;
    const size = labels.length;
    kd?.observe(images, size);
    const step = session.trainStep({ batch: size, taps: kd?.taps ?? [] });
    step.input.set(images);
    step.forward(this.#dropoutSeed, updates);
    const stepLosses = this.#differentiate(step, batch);
    step.backward();
    const update = {
      learningRate: learningRate(recipe.rate, epoch),
      weightDecay: recipe.weightDecay,
      averageDecay: averageDecay(updates + 1),
    };
    step.update(update);
    kd?.update(update);
    this.#position = afterStep(this.#position, size, stepLosses);
    return size;
  }

  /**
   * Closes the epoch under way and keeps its weights where it is the best.
   *
   * @param row - its numbers
   */
  closeEpoch(row: EpochRow): void {
    const { session, recipe } = this.#job;
    this.#position = afterEpoch(this.#position, row, recipe.select);
    if (this.#position.best?.epoch !== row.epoch) return;
    this.#best = recipe.ema ? session.readAverage() : session.read();
  }

  /** Writes the gradients of the total loss into the step. */
  #differentiate(step: TrainStep, { labels, mixed }: TrainBatch): StepLosses {
    const { kd, network, recipe } = this.#job;
    const { logits, logitsGradient } = step;
    const supervised = (of: Int32Array, gradient: Float32Array): number =>
      losses[recipe.loss].of({ logits, labels: of, classes: network.classes }, this.#loss, gradient);
    const loss = mixed
      ? mixedLoss(supervised, { ...mixed, labels }, logitsGradient)
      : supervised(labels, logitsGradient);
    const term = kd?.addGradients(step, mixed && mixed.share < 0.5 ? mixed.partners : labels) ?? 0;
    const total = loss + (kd?.weight ?? 0) * term;
    return Number.isFinite(total) ? { loss, kd: term, total } : this.#diverged(total);
  }

  #diverged(total: number): never {
    const { epoch, updates, lastLoss } = this.#position;
    const { rate } = this.#job.recipe.rate;
    const before = lastLoss === null ? 'it was the first step' : `the step before had ${lastLoss.toPrecision(4)}`;
    return fail({
      code: 'non-finite-loss',
      message: `the loss became ${total} at step ${updates} (epoch ${epoch}); ${before}`,
      expected: 'a finite loss',
      fix: `lower lr (it is ${rate}), or write warmup: true${this.#job.kd ? ', or lower the weight of the distillation term' : ''}`,
    });
  }
}
