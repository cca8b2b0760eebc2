import { fail } from '../../core/failure.ts';
import { doubleAt } from '../../util/at.ts';
import { evalBatches, type ImageForm, type Images, type InputFormat } from '../data/batches.ts';
import type { PackedSplit } from '../data/packed.ts';
import { StagedBatches } from '../data/staged-batches.ts';
import type { Session } from '../engines/engine.ts';
import type { BatchImages } from './batch-images.ts';
import { pauses } from './pace.ts';

/** Test-time augmentation: the centre crop alone, or the mean of the logits of ten crops. */
export type Augmentation = 'none' | 'ten-crop';

/** How a split is predicted. */
export interface Prediction {
  readonly format: InputFormat;
  readonly batchSize: number;
  /** Where batches lie. */
  readonly images: BatchImages;
  readonly tta: Augmentation;
  readonly signal: AbortSignal;
  /** Whether the session's moving averages predict rather than its weights. */
  readonly average?: boolean;
  /** Called with the number of images of each batch. */
  readonly onBatch?: (images: number) => void;
}

const CROPS: Readonly<Record<Augmentation, readonly ('centre' | number)[]>> = {
  none: ['centre'],
  'ten-crop': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
};

/**
 * Number of images that a prediction passes through the network, for progress.
 *
 * @param split - images
 * @param tta - augmentation
 * @returns images times crops
 */
export function passes(split: PackedSplit, tta: Augmentation): number {
  return split.count * CROPS[tta].length;
}

/** What gives the logits of a batch. */
export interface BatchPass {
  /** What messages call the network. */
  readonly model: string;
  /** C. */
  readonly classes: number;
  /** In which it takes images. */
  readonly form: ImageForm;
  /**
   * Runs the network.
   *
   * @param batch - images
   * @param size - N
   * @returns logits [N, C]; those that are no promise are valid until anything else runs, such as another member of a cohort
   */
  run(batch: { readonly images: Images }, size: number): Float32Array | Promise<Float32Array>;
}

/** Metrics of numbers that are none would look like metrics: a row of NaN is in every top 5. */
function requireFinite(logits: Float32Array, { model, classes }: BatchPass, { names }: PackedSplit): void {
  const first = logits.findIndex((value) => !Number.isFinite(value));
  if (first === -1) return;
  fail({
    code: 'non-finite-logits',
    message: `${model} gives ${logits[first]} for ${names[Math.floor(first / classes)] ?? ''}`,
    expected: 'finite logits',
    fix: 'train with a lower lr, or write warmup: true: its weights or running statistics have grown out of bounds',
  });
}

/**
 * Runs whatever gives logits over a split.
 *
 * @param pass - gives the logits of a batch
 * @param split - images
 * @param options - input format, batch size, augmentation
 * @returns logits [N, C] in the split's order (means over crops); undefined when the signal was aborted
 * @throws FailureError `non-finite-logits` that names the first such image
 */
export async function predictBy(
  pass: BatchPass,
  split: PackedSplit,
  options: Omit<Prediction, 'images' | 'average'>,
): Promise<Float32Array | undefined> {
  const { format, batchSize, signal } = options;
  const { classes } = pass;
  const crops = CROPS[options.tta];
  const sums = new Float64Array(split.count * classes);
  const pause = pauses();
  for (const crop of crops) {
    const batches = evalBatches(split, format, { batchSize, crop });
    const staged = new StagedBatches(batches, { batchSize, side: format.imageSize }, pass.form);
    for (let batch = 0; batch < batches.count; batch++) {
      const shown = { images: await staged.take(batch) };
      const size = batches.size(batch);
      const start = batch * batchSize * classes;
      const given = pass.run(shown, size);
      const logits = given instanceof Promise ? await given : given;
      logits.forEach((value, index) => (sums[start + index] = doubleAt(sums, start + index) + value));
      options.onBatch?.(size);
      await pause();
      if (signal.aborted) return undefined;
    }
  }
  const logits = Float32Array.from(sums, (sum) => sum / crops.length);
  requireFinite(logits, pass, split);
  return logits;
}

/**
 * Runs a network in evaluation mode over a split.
 *
 * @param session - the network
 * @param split - images
 * @param options - input format, batch size, augmentation
 * @returns logits [N, C] in the split's order (means over crops); undefined when the signal was aborted
 * @throws FailureError `non-finite-logits` that names the first such image
 */
export function predict(session: Session, split: PackedSplit, options: Prediction): Promise<Float32Array | undefined> {
  const { images, average = false } = options;
  const { model, classes } = session.network;
  const run: BatchPass['run'] = (shown, batch) => {
    const step = session.forwardStep({ batch, taps: [], average, images: images.array(batch) });
    images.show(shown);
    step.run();
    return step.logits;
  };
  return predictBy({ model, classes, form: images.form, run }, split, options);
}
