import { batchLoaderFor, picturesOf } from '../../ml/data/batch-loader-for.ts';
import type { PackedDataset } from '../../ml/data/packed.ts';
import { sameBatch } from '../../ml/data/same-batch.ts';
import type { Engine } from '../../ml/engines/engine.ts';
import { BatchImages } from '../../ml/inference/batch-images.ts';
import type { TrainingJob } from '../../ml/train/job.ts';
import { JointSteps } from '../../ml/train/joint-steps.ts';
import type { LossTerms } from '../../ml/train/loss-terms.ts';
import type { Recipe } from '../../ml/train/recipe.ts';
import { seenAhead } from '../../ml/train/seen-ahead.ts';
import { pluginOf } from './run-plugins.ts';
import { inputOf, type Shared, type StageContext } from '../stage-kind.ts';

/** What batches are made of, and for whom. */
interface BatchDeps {
  readonly context: StageContext;
  readonly data: PackedDataset;
  readonly engine: Engine;
  /** Whether terms read the images of batches themselves: they are then normalised, and lie here. */
  readonly onHost: boolean;
}

/**
 * Images of a batch, once for the whole cohort; a GPU keeps the pictures that they are cut from, where it has room.
 *
 * @param deps - dataset and engine
 * @param recipe - how batches are made
 * @returns where batches lie
 */
export function openImages(deps: BatchDeps, recipe: Recipe): Shared<BatchImages> {
  const { engine, data, onHost } = deps;
  const file = engine.takesPixels && !onHost ? picturesOf(data.split('train'), recipe) : null;
  const images = new BatchImages(engine, data.manifest, file && engine.keep(file));
  return { value: images, dispose: () => images.dispose() };
}

/**
 * Training batches, each made once for the whole cohort, and its steps on them.
 *
 * @param deps - dataset, engine, and where batches lie
 * @param recipe - how they are made
 * @param kd - terms whose teachers see them before a step does
 * @returns batches of an epoch, and the steps
 */
export function openSteps(
  deps: BatchDeps & { readonly images: BatchImages },
  recipe: Recipe,
  kd: LossTerms | null,
): Shared<Pick<TrainingJob, 'batches' | 'steps'>> {
  const { context, data, engine, images, onHost } = deps;
  const { threads } = context;
  const { sharesMemory } = engine;
  const named = [recipe.augment, recipe.secondView ?? 'none'];
  const plugins = named.flatMap((name) => pluginOf(context, 'augmentations', name) ?? []);
  const on = { threads, takesPixels: engine.takesPixels && !onHost, sharesMemory, kept: images.kept !== null, plugins };
  const loader = batchLoaderFor(data, inputOf(context, 'data').path, recipe, on);
  const steps = new JointSteps(engine, sameBatch(onHost && kd ? seenAhead(loader, kd) : loader));
  return { value: { batches: loader.count, steps }, dispose: () => loader.close() };
}
