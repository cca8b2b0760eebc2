import { fail } from '../../core/failure.ts';
import type { TrainBatch } from '../data/batch-loader.ts';
import type { Expression } from '../engines/engine.ts';
import type { StateDict } from '../network/network.ts';
import { averageDecay } from '../optim/moving-average.ts';
import { adapterRate, learningRate } from '../optim/schedule.ts';
import { bits } from '../random/random.ts';
import { at } from '../../util/at.ts';
import { gradientClip } from './gradient-clip.ts';
import type { TrainingJob } from './job.ts';
import type { ObjectiveLosses } from './objective.ts';
import { withEngine } from './engines.ts';
import { withPrecision } from './precision.ts';
import { countPasses } from './recipe.ts';
import { afterEpoch, afterStep, start } from './training-state.ts';
import type { EpochRow, Position, StepLosses, TrainingState } from './training-state.ts';

/** A run between two steps, and how a step is made. */
export class Trainer {
  #position: Position;
  #best: StateDict | null;
  /** Images of the step that was begun last. */
  #begun = 0;
  readonly #job: TrainingJob;
  /** Stream keys of the passes over each batch: one, two with R-Drop. */
  readonly #dropoutSeeds: readonly number[];
  readonly #clip: Expression | null;

  /**
   * Continues from the job's checkpoint, or starts.
   *
   * @param job - the run
   */
  constructor(job: TrainingJob) {
    const { recipe, session, kd } = job;
    this.#clip = gradientClip(session, kd?.gradients() ?? [], recipe);
    const saved = job.checkpoint.load();
    const model = saved?.tensors.model ?? job.initial;
    session.write(model);
    if (recipe.ema) session.writeAverage(saved?.tensors.average ?? model);
    if (saved) session.writeOptimizer({ updates: saved.position.updates, slots: saved.tensors.optimizer });
    if (saved) kd?.restore(saved.tensors.term, saved.position.updates);
    this.#job = job;
    this.#position = withEngine(withPrecision(saved?.position ?? start, job.precision), job.engine);
    this.#best = saved?.tensors.best ?? null;
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
   * Asks for all runs of a step on the next batch, and reads nothing of what they compute.
   *
   * @param batch - the one at {@link position}
   */
  begin(batch: TrainBatch): void {
    const { recipe, kd, objectives, images } = this.#job;
    const { epoch, updates } = this.#position;
    const size = batch.labels.length;
    images.show(batch);
    kd?.observe(batch, epoch);
    const objective = objectives.of(size);
    objective.steps.forEach((step, pass) => step.forward(at(this.#dropoutSeeds, pass), updates));
    objective.run(batch);
    for (const step of objective.steps) step.backward();
    this.#clip?.run();
    const update = {
      learningRate: learningRate(recipe, epoch),
      weightDecay: recipe.weightDecay,
      averageDecay: averageDecay(recipe.emaDecay, updates + 1),
    };
    objective.steps[0]?.update(update);
    objective.update();
    kd?.update({ ...update, learningRate: adapterRate(recipe, epoch, recipe.adapterSchedule ?? 'student') });
    this.#begun = size;
  }

  /**
   * Ends the step that was begun, once its runs have been made.
   *
   * @returns number of images
   * @throws FailureError when the loss is not finite any more
   */
  end(): number {
    const size = this.#begun;
    this.#position = afterStep(this.#position, size, this.#finite(this.#job.objectives.of(size).losses()));
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

  #finite({ loss, kd }: ObjectiveLosses): StepLosses {
    const total = (this.#job.recipe.ceWeight ?? 1) * loss + kd.weighted;
    return Number.isFinite(total) ? { loss, kd, total } : this.#diverged(total);
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
