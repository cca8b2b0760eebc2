import type { TrainBatch } from '../../src/ml/data/batch-loader.ts';
import { trainBatches } from '../../src/ml/data/train-batches.ts';
import type { PackedDataset } from '../../src/ml/data/packed.ts';
import type { LossTerms } from '../../src/ml/train/loss-terms.ts';
import type { Objective, ObjectiveLosses } from '../../src/ml/train/objective.ts';
import type { Supervision } from '../../src/ml/train/supervised.ts';
import { atOnce } from './at-once.ts';
import { unchanged } from './train-options.ts';

/** Cross entropy, smoothed. */
export const crossEntropySupervision: Supervision = {
  recipe: { loss: 'cross-entropy', rdropAlpha: 0.7, rdropReduction: 'sum' },
  options: { labelSmoothing: 0.1, classWeights: null, polyEpsilon: 1, focalGamma: 2 },
};

/** The first images of a training split, in their seed's order. */
export function firstBatch(data: PackedDataset, size: number): TrainBatch {
  const { manifest } = data;
  const images = new Float32Array(size * manifest.imageSize ** 2 * 3);
  const labels = new Int32Array(size);
  const indices = atOnce(
    trainBatches(data.split('train'), manifest, {
      ...{ ...unchanged, batchSize: size, epoch: 0, seed: 1 },
    }).fill(0, images, labels),
  );
  return { images, labels, indices, mixed: null };
}

/** Runs all passes over a batch forwards, computes what is minimised, and runs them backwards. */
export function passOver(
  objective: Objective,
  { batch, kd, epoch = 0 }: { readonly batch: TrainBatch; readonly kd: LossTerms | null; readonly epoch?: number },
): ObjectiveLosses {
  kd?.observe(batch, epoch);
  objective.steps.forEach((step, pass) => {
    step.input.set(batch.images);
    step.forward(pass, 0);
  });
  objective.run(batch);
  for (const step of objective.steps) step.backward();
  return objective.losses();
}
