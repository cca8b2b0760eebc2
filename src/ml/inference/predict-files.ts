import type { Engine } from '../engines/engine.ts';
import { BatchImages } from './batch-images.ts';
import { picturesFor } from './picture-split.ts';
import { predict, type Augmentation } from './predict.ts';
import type { TrainedModel } from './trained-model.ts';

/** How files are predicted. */
export interface FilePrediction {
  readonly engine: Engine;
  readonly batchSize: number;
  readonly tta: Augmentation;
  readonly signal: AbortSignal;
}

/** A class, and how likely it is. */
export interface Chance {
  readonly class: string;
  /** Softmax of the logits, 0 … 1. */
  readonly probability: number;
}

/** Classes of one picture, the likeliest first; of equal ones the first. */
function ranked(logits: Float32Array, classes: readonly string[]): readonly Chance[] {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Float64Array.from(logits, (value) => Math.exp(value - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return classes
    .map((name, label) => ({ class: name, probability: (weights[label] ?? 0) / sum }))
    .sort((a, b) => b.probability - a.probability);
}

/**
 * Says what a network sees in files of pictures. They are shown to it as those of its evaluation were: shorter side resized,
 * centre cut out, or ten crops.
 *
 * @param model - the network, which says what its pictures have to be like
 * @param files - paths; JPEG, PNG, WebP, GIF, TIFF or AVIF
 * @param prediction - engine, batch size, augmentation
 * @returns for each file all classes, the likeliest first; undefined when the signal was aborted
 * @throws FailureError `bad-image` that names the file, or `no-normalisation`
 */
export async function predictFiles(
  model: TrainedModel,
  files: readonly string[],
  prediction: FilePrediction,
): Promise<readonly (readonly Chance[])[] | undefined> {
  const { network, state, classes } = model;
  const { engine, ...options } = prediction;
  const { split, format } = picturesFor(model, files);
  const images = new BatchImages(engine, format);
  const session = engine.session(network, { optimizer: null });
  try {
    session.write(state);
    const logits = await predict(session, split, { format, images, ...options });
    const count = classes.length;
    return logits && files.map((_, at) => ranked(logits.subarray(at * count, (at + 1) * count), classes));
  } finally {
    session.dispose();
    images.dispose();
  }
}
