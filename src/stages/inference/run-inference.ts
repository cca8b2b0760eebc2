import { openPacked } from '../../ml/data/open.ts';
import { engines } from '../../ml/engines/registry.ts';
import { KeptLogits } from '../../ml/inference/kept-logits.ts';
import { every } from '../../ml/inference/pace.ts';
import {
  countPasses,
  predictSplits,
  requireImages,
  type InferenceContext,
  type InferenceResult,
} from '../../ml/inference/predict-splits.ts';
import type { TrainedModel } from '../../ml/inference/trained-model.ts';
import { decodeParams } from '../../params/decode-params.ts';
import { inputOf, StageInterrupted, type StageContext } from '../stage-kind.ts';
import { predictionParams, predictionRequired } from './params.ts';
import { engineOf } from './run-engine.ts';

const DECLARATION = { params: predictionParams, required: predictionRequired } as const;

/** Reports progress over all networks, splits and augmentations. */
function progressReporter({ tell }: StageContext, total: number): InferenceContext['onBatch'] {
  const started = performance.now();
  const due = every(250);
  let done = 0;
  return (images) => {
    done += images;
    if (!due()) return;
    const imagesPerSecond = (1000 * done) / (performance.now() - started);
    const eta = (total - done) / imagesPerSecond;
    tell({ type: 'progress', unit: 'images', done, total, imagesPerSecond, eta });
  };
}

/**
 * Opens the dataset and the engine of a stage that runs trained networks.
 *
 * @param stage - the running stage, with an input `data`
 * @param networks - how many will run, for progress
 * @returns the context of {@link runInference}; the caller closes its dataset
 * @throws FailureError when one of the splits has no images, or the machine cannot run the engine
 */
export async function openInference(stage: StageContext, networks: number): Promise<InferenceContext> {
  const { engine: engineName, ...options } = decodeParams(DECLARATION, stage.params, { engines });
  const { signal } = stage;
  const data = openPacked(inputOf(stage, 'data').path);
  try {
    requireImages(data, options.splits);
    const engine = await engineOf(stage, engineName);
    const onBatch = progressReporter(stage, networks * countPasses(options, data));
    const note = (message: string): void => stage.tell({ type: 'warning', message });
    return { options, data, engine, signal, onBatch, note };
  } catch (error) {
    data.close();
    throw error;
  }
}

/**
 * Predicts all splits with all augmentations.
 *
 * @param context - images, engine and options
 * @param model - the network
 * @param role - what messages call it
 * @returns its logits
 * @throws FailureError when it does not fit the dataset, or gives a logit that is not a number
 * @throws StageInterrupted when the signal was aborted
 */
export async function runInference(
  context: InferenceContext,
  model: TrainedModel,
  role: string,
): Promise<InferenceResult> {
  const result = await predictSplits(context, model, role);
  if (!result) throw new StageInterrupted();
  return result;
}

/**
 * Opens logits that stand for a network.
 *
 * @param stage - the running stage, with an input `data`
 * @param name - the input that is a network or its logits
 * @returns the logits; undefined where it is a network
 * @throws FailureError `other-images` where they are of another dataset than the stage's
 */
export function openKeptLogits(stage: StageContext, name: string): KeptLogits | undefined {
  const { path, output } = inputOf(stage, name);
  if (output !== 'logits') return undefined;
  const kept = new KeptLogits(path);
  kept.requireData(inputOf(stage, 'data').digest);
  return kept;
}
