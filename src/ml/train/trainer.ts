import { fail } from '../../core/failure.ts';
import { dominant } from '../augment/mix.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { TrainStep } from '../engines/engine.ts';
import { balancedWeights } from '../losses/cross-entropy.ts';
import type { StateDict } from '../network/network.ts';
import { averageDecay } from '../optim/moving-average.ts';
import { adapterRate, learningRate } from '../optim/schedule.ts';
import { bits } from '../random/random.ts';
import type { TrainingJob } from './job.ts';
import { countPasses } from './recipe.ts';
import { supervise, type Supervision } from './supervised.ts';
import { meanTerms, NO_TERM } from './term-losses.ts';
import { afterEpoch, afterStep, start } from './training-state.ts';
import type { EpochRow, Position, StepLosses, TrainingState } from './training-state.ts';

/** A run between two steps, and how a step is made. */
export class Trainer {
  #position: Position;
  #best: StateDict | null;
  readonly #job: TrainingJob;
  readonly #supervision: Supervision;
  /** Stream keys of the passes over each batch: one, two with R-Drop. */
  readonly #dropoutSeeds: readonly number[];

  /**
   * Continues from the job's checkpoint, or starts.
   *
   * @param job - the run
   */
  constructor(job: TrainingJob) {
    const { recipe, session, data, network } = job;
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
    this.#supervision = { recipe, options: { ...recipe, classWeights }, classes: network.classes };
    this.#dropoutSeeds = Array.from({ length: countPasses(recipe) }, (_, pass) =>
      bits(recipe.seed, 'dropout', 0, pass),
    );
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
    const { recipe, kd } = this.#job;
    const { epoch, updates } = this.#position;
    const size = batch.labels.length;
    kd?.observe(batch, epoch);
    const passes = this.#forward(batch);
    const losses = this.#differentiate(passes, batch);
    for (const pass of passes) pass.backward();
    const update = {
      learningRate: learningRate(recipe, epoch),
      weightDecay: recipe.weightDecay,
      averageDecay: averageDecay(updates + 1),
    };
    passes[0]?.update(update);
    kd?.update({ ...update, learningRate: adapterRate(recipe, epoch, recipe.adapterSchedule ?? 'student') });
    this.#position = afterStep(this.#position, size, losses);
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

  /** Every pass draws dropout of its own, and moves the running statistics by batch statistics of its own. */
  #forward({ images, labels }: TrainBatch): readonly TrainStep[] {
    const { session, kd } = this.#job;
    return this.#dropoutSeeds.map((seed, index) => {
      const step = session.trainStep({ batch: labels.length, taps: kd?.taps ?? [], secondPass: index === 1 });
      step.input.set(images);
      step.forward(seed, this.#position.updates);
      return step;
    });
  }

  /** Writes the gradients of the total loss into the passes. */
  #differentiate(passes: readonly TrainStep[], batch: TrainBatch): StepLosses {
    const { kd } = this.#job;
    const { labels, mixed } = batch;
    const loss = supervise(passes, batch, this.#supervision);
    const seen = dominant(mixed, labels, (of) => of.partners);
    const of = passes.length;
    const terms = passes.map((step, index) => kd?.addGradients(step, seen, { index, of }) ?? NO_TERM);
    const term = meanTerms(terms);
    const total = loss + term.weighted;
    return Number.isFinite(total) ? { loss, kd: term, total } : this.#diverged(total);
  }

  #diverged(total: number): never {
    const { epoch, updates, lastLoss } = this.#position;
    const { lr } = this.#job.recipe;
    const before = lastLoss === null ? 'it was the first step' : `the step before had ${lastLoss.toPrecision(4)}`;
    return fail({
      code: 'non-finite-loss',
      message: `the loss became ${total} at step ${updates} (epoch ${epoch}); ${before}`,
      expected: 'a finite loss',
      fix: `lower lr (it is ${lr}), or write warmup: true${this.#job.kd ? ', or lower the weight of the distillation term' : ''}`,
    });
  }
}
