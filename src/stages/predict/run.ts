import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import { openPacked } from '../../ml/data/open.ts';
import type { PackedDataset, Split } from '../../ml/data/packed.ts';
import type { Engine } from '../../ml/engines/engine.ts';
import type { EngineChoice } from '../../ml/engines/registry.ts';
import { encodeLogits, KeptLogits, type Predicted } from '../../ml/train/kept-logits.ts';
import { every } from '../../ml/train/pace.ts';
import { passes, predict, type Augmentation } from '../../ml/train/predict.ts';
import { sharedEngine } from '../../ml/train/shared-engine.ts';
import { networkFor, readModel, requireSameClasses, type TrainedModel } from '../../ml/train/trained-model.ts';
import { inputOf, StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';

/** Parameters of a predicting stage, as the kind's schema has checked and completed them. */
export interface PredictionParams {
  readonly splits: readonly Split[];
  readonly tta: readonly Augmentation[];
  readonly batch_size: number;
  readonly engine: EngineChoice;
}

/** What networks are shown, and how. */
export interface InferenceContext {
  readonly context: StageContext;
  readonly params: PredictionParams;
  readonly data: PackedDataset;
  readonly engine: Engine;
  /** Told the number of images of each batch. */
  readonly onBatch: (images: number) => void;
}

/** Everything that is predicted, in order. */
const predictionsOf = ({ splits, tta }: PredictionParams): readonly Pick<Predicted, 'split' | 'tta'>[] =>
  splits.flatMap((split) => tta.map((one) => ({ split, tta: one })));

/** Images that one network passes. */
function passesOf(params: PredictionParams, data: PackedDataset): number {
  return predictionsOf(params).reduce((sum, { split, tta }) => sum + passes(data.split(split), tta), 0);
}

/** Tells progress over all networks, splits and augmentations. */
function progressOf(context: StageContext, total: number): InferenceContext['onBatch'] {
  const started = performance.now();
  const due = every(250);
  let done = 0;
  return (images) => {
    done += images;
    if (!due()) return;
    const imagesPerSecond = (1000 * done) / (performance.now() - started);
    const eta = (total - done) / imagesPerSecond;
    context.tell({ type: 'progress', unit: 'images', done, total, imagesPerSecond, eta });
  };
}

function requireImages(data: PackedDataset, splits: readonly Split[]): void {
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
 * Opens what a stage shows to networks.
 *
 * @param context - the running stage, with an input `data`
 * @param networks - how many will be shown it, for progress
 * @returns the dataset, which the caller closes, and how it is shown
 * @throws FailureError when a split that is asked for has no images, or the machine cannot run the engine
 */
export async function openInference(context: StageContext, networks: number): Promise<InferenceContext> {
  const params = context.params as unknown as PredictionParams;
  const data = openPacked(inputOf(context, 'data').path);
  try {
    requireImages(data, params.splits);
    const engine = await sharedEngine(params.engine, context.threads);
    return { context, params, data, engine, onBatch: progressOf(context, networks * passesOf(params, data)) };
  } catch (error) {
    data.close();
    throw error;
  }
}

/** What a network said, and how fast. */
export interface InferenceResult {
  readonly predicted: readonly Predicted[];
  /** Images passed a second, reading and cropping them included: of this machine. */
  readonly imagesPerSecond: number;
}

/**
 * Shows all splits, in all ways, to a network.
 *
 * @param shown - what is shown
 * @param model - the network; its own normalisation counts, at the dataset's size
 * @param role - who it is, for messages
 * @returns its logits
 * @throws FailureError when it does not fit the dataset, or gives a logit that is no number
 * @throws StageInterrupted when the signal was aborted
 */
export async function runInference(
  shown: InferenceContext,
  model: TrainedModel,
  role: string,
): Promise<InferenceResult> {
  const { context, params, data, engine, onBatch: told } = shown;
  const { threads, signal } = context;
  requireSameClasses(model, data.manifest, role);
  const format = { ...model.format, imageSize: data.manifest.imageSize };
  const session = engine.session(networkFor(model.network.model, data.manifest), { optimizer: null, threads });
  const started = performance.now();
  try {
    session.write(model.state);
    const predicted: Predicted[] = [];
    for (const { split, tta } of predictionsOf(params)) {
      const options = { format, batchSize: params.batch_size, tta, signal, told };
      const logits = await predict(session, data.split(split), options);
      if (!logits) throw new StageInterrupted();
      predicted.push({ split, tta, logits });
    }
    const seconds = (performance.now() - started) / 1000;
    return { predicted, imagesPerSecond: Math.round(passesOf(params, data) / seconds) };
  } finally {
    session.dispose();
  }
}

/**
 * Opens logits that stand for a network.
 *
 * @param context - the running stage, with an input `data`
 * @param name - the input that is a network or its logits
 * @returns the logits; undefined where it is a network
 * @throws FailureError `other-images` where they are of another dataset than the stage's
 */
export function keptLogits(context: StageContext, name: string): KeptLogits | undefined {
  const { path, output } = inputOf(context, name);
  if (output !== 'logits') return undefined;
  const kept = new KeptLogits(path);
  kept.requireData(inputOf(context, 'data').digest);
  return kept;
}

/**
 * The record of a stage that ran networks.
 *
 * @param engine - what computed
 * @returns the engine's name and description
 */
export function environmentOf(engine: Engine): JsonObject {
  return { engine: { name: engine.name, ...engine.description } };
}

/**
 * Keeps what a network says of a dataset's images.
 *
 * @param context - the running stage
 * @returns how many images it saw, and how fast
 * @throws FailureError when the network and the dataset do not fit
 * @throws StageInterrupted when the signal was aborted; the next run starts over
 */
export async function run(context: StageContext): Promise<StageOutcome> {
  const model = readModel(inputOf(context, 'of').path);
  const shown = await openInference(context, 1);
  try {
    const { predicted, imagesPerSecond } = await runInference(shown, model, 'the network');
    const origin = { weights: inputOf(context, 'of').digest, data: inputOf(context, 'data').digest };
    writeFileSync(join(context.out, 'logits.safetensors'), encodeLogits(predicted, origin, model.classes.length));
    return { metrics: { images_per_second: imagesPerSecond }, environment: environmentOf(shown.engine) };
  } finally {
    shown.data.close();
  }
}
