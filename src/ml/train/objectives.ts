import { balancedWeights } from '../losses/cross-entropy.ts';
import type { PackedDataset } from '../data/packed.ts';
import { countViews } from '../data/train-batches.ts';
import type { Session } from '../engines/engine.ts';
import type { BatchImages } from '../inference/batch-images.ts';
import type { LossTerms } from './loss-terms.ts';
import { Objective } from './objective.ts';
import { countPasses, type Recipe } from './recipe.ts';
import type { ObjectiveOptions } from './record-objective.ts';
import type { Supervision } from './supervised.ts';

/** What decides about it. */
export interface Minimised {
  /** Losses of plugins, by name. */
  readonly losses?: Supervision['losses'];
  /** The student's. */
  readonly session: Session;
  readonly images: BatchImages;
  readonly kd: LossTerms | null;
  readonly recipe: Recipe;
  readonly data: PackedDataset;
}

/** What a run minimises, compiled for each size of batch. */
export class Objectives {
  readonly #options: ObjectiveOptions;
  readonly #made = new Map<number, Objective>();

  /** @param run - session, images, terms, recipe and classes */
  constructor({ session, images, kd, recipe, data, losses = {} }: Minimised) {
    const classWeights = recipe.classBalance ? balancedWeights(data.manifest.splits.train.perClass) : null;
    this.#options = {
      session,
      images,
      kd,
      supervision: { recipe, options: { ...recipe, classWeights }, losses },
      passes: countPasses(recipe),
      views: countViews(recipe),
      mixes: recipe.mixup !== 'none',
      ceWeight: recipe.ceWeight ?? 1,
    };
  }

  /**
   * What is minimised on some batch.
   *
   * @param batch - number of images
   * @returns the same for equal numbers
   * @throws FailureError `does-not-fit`
   */
  of(batch: number): Objective {
    const objective = this.#made.get(batch) ?? new Objective(this.#options, batch);
    this.#made.set(batch, objective);
    return objective;
  }
}
