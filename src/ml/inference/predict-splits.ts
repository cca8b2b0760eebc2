import { fail } from '../../core/failure.ts';
import type { PackedDataset, Split } from '../data/packed.ts';
import type { Engine } from '../engines/engine.ts';
import { BatchImages } from './batch-images.ts';
import type { Predicted } from './kept-logits.ts';
import { passes, predict, type Augmentation } from './predict.ts';
import { normalisationNote, requireSameInput, statisticsFor } from './input-config.ts';
import { networkOn, requireSameClasses, type TrainedModel } from './trained-model.ts';

/** Which images pass a network, and how. */
export interface InferenceOptions {
  readonly splits: readonly Split[];
  readonly tta: readonly Augmentation[];
  readonly batchSize: number;
}

/** What networks run on, and with what. */
export interface InferenceContext {
  readonly options: InferenceOptions;
  readonly data: PackedDataset;
  readonly engine: Engine;
  readonly signal: AbortSignal;
  /** Called with the number of images of each batch that has passed a network. */
  readonly onBatch: (images: number) => void;
  /** Called with what a reader of the numbers should know. */
  readonly note: (message: string) => void;
}

/** Logits of a network, and how fast it gave them. */
export interface InferenceResult {
  readonly predicted: readonly Predicted[];
  /** Images passed a second, reading and cropping them included: of this machine. */
  readonly imagesPerSecond: number;
}

/**
 * Every combination of split and augmentation, in order.
 *
 * @param options - splits and augmentations
 * @returns them
 */
export const predictionsOf = ({ splits, tta }: InferenceOptions): readonly Pick<Predicted, 'split' | 'tta'>[] =>
  splits.flatMap((split) => tta.map((one) => ({ split, tta: one })));

/**
 * Images that one network passes, for progress.
 *
 * @param options - splits and augmentations
 * @param data - the dataset
 * @returns images times crops, over all splits and augmentations
 */
export function countPasses(options: InferenceOptions, data: PackedDataset): number {
  return predictionsOf(options).reduce((sum, { split, tta }) => sum + passes(data.split(split), tta), 0);
}

/**
 * Refuses splits without images.
 *
 * @param data - the dataset
 * @param splits - those that are to be predicted
 * @throws FailureError `empty-split`
 */
export function requireImages(data: PackedDataset, splits: readonly Split[]): void {
  const empty = splits.filter((split) => data.manifest.splits[split].count === 0);
  const full = (['train', 'val', 'test'] as const).filter((split) => data.manifest.splits[split].count > 0);
  if (empty.length === 0) return;
  fail({
    code: 'empty-split',
    message: `the dataset has no ${empty.join(' and no ')} images`,
    expected: `splits among ${full.join(', ')}`,
    fix: `write splits: [${full.join(', ')}], or split the dataset differently`,
  });
}

/**
 * Predicts all splits with all augmentations.
 *
 * @param context - images, engine and options
 * @param model - the network; its own normalisation counts where its weights say it, at the dataset's size
 * @param role - what messages call it
 * @returns its logits; undefined when the signal was aborted
 * @throws FailureError when it does not fit the dataset, or gives a logit that is not a number
 */
export async function predictSplits(
  context: InferenceContext,
  model: TrainedModel,
  role: string,
): Promise<InferenceResult | undefined> {
  const { options, data, engine, signal, onBatch, note } = context;
  requireSameClasses(model, data.manifest, role);
  requireSameInput(model.input, data.manifest, role);
  const format = { ...statisticsFor(model.input, data.manifest), imageSize: data.manifest.imageSize };
  const said = normalisationNote(model.input, data.manifest, role);
  if (said !== undefined) note(said);
  const session = engine.session(networkOn(model, data.manifest), { optimizer: null });
  const images = new BatchImages(engine, format);
  const started = performance.now();
  try {
    session.write(model.state);
    const predicted: Predicted[] = [];
    for (const { split, tta } of predictionsOf(options)) {
      const prediction = { format, batchSize: options.batchSize, images, tta, signal, onBatch };
      const logits = await predict(session, data.split(split), prediction);
      if (!logits) return undefined;
      predicted.push({ split, tta, logits });
    }
    const seconds = (performance.now() - started) / 1000;
    return { predicted, imagesPerSecond: Math.round(countPasses(options, data) / seconds) };
  } finally {
    session.dispose();
    images.dispose();
  }
}
