import { fail } from '../../core/failure.ts';
import type { PackedManifest } from '../data/packed.ts';
import { accuracy, confusionMatrix, meanPerClassRecall, perClass } from '../metrics/confusion.ts';
import { negativeLogLikelihood, predictedClasses } from '../metrics/probabilities.ts';
import type { TrainingJob } from './job.ts';
import { predict } from '../inference/predict.ts';
import type { Selection } from './recipe.ts';
import type { EpochRow } from './training-state.ts';

/** What validation adds to an epoch's row. */
export type ValidationNumbers = Pick<EpochRow, 'val_accuracy' | 'val_mpa' | 'val_loss'>;

/**
 * Refuses to select by a validation split that has no images.
 *
 * @param manifest - the dataset
 * @param select - what decides which epoch is kept
 * @throws FailureError `no-validation-images`
 */
export function requireValidation(manifest: PackedManifest, select: Selection): void {
  if (select === 'last' || manifest.splits.val.count > 0) return;
  fail({
    code: 'no-validation-images',
    message: `select is ${select}, and the dataset has no validation images`,
    expected: 'a validation split, or select: last',
    fix: 'give the dataset stage split: { val: 0.2 }, or write select: last',
  });
}

/**
 * Evaluates the present weights, or their moving average where the recipe keeps one, on the validation split.
 *
 * @param job - the run
 * @returns the numbers, nulls without validation images; undefined when the signal was aborted
 */
export async function validate(job: TrainingJob): Promise<ValidationNumbers | undefined> {
  const { data, recipe, images, signal } = job;
  const split = data.split('val');
  if (split.count === 0) return { val_accuracy: null, val_mpa: null, val_loss: null };
  const options = { format: data.manifest, batchSize: recipe.batchSize, images, tta: 'none', signal } as const;
  const logits = await predict(job.session, split, { ...options, average: recipe.ema });
  if (!logits) return undefined;
  const predictions = { logits, labels: split.labels, classes: job.network.classes };
  const confusion = confusionMatrix(split.labels, predictedClasses(predictions), job.network.classes);
  return {
    val_accuracy: accuracy(confusion),
    val_mpa: meanPerClassRecall(perClass(confusion)),
    val_loss: negativeLogLikelihood(predictions),
  };
}
