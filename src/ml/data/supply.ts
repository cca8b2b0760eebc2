import { partnerLabels, type Mix } from '../augment/mix.ts';
import { mixOf, trainBatches, type Batches, type InputFormat, type TrainOptions } from './batches.ts';
import type { PackedSplit } from './packed.ts';

/** One training batch. Its arrays are valid until the next one is taken. */
export interface TrainBatch {
  /** Float32 [size, S, S, 3], normalised. */
  readonly images: Float32Array;
  /** Int32 [size]: classes of the pictures, mixed or not. */
  readonly labels: Int32Array;
  /** Where pictures are mixed: how, and the classes of the partners, [size]. */
  readonly mixed: { readonly share: number; readonly partners: Int32Array } | null;
}

/** Makes the training batches of a run: a pure function of (epoch, batch), in whatever order they are taken. */
export interface Supply {
  /** Batches of an epoch. */
  readonly count: number;
  /**
   * Makes a batch, or waits for one that is made ahead.
   *
   * @param epoch - counted from 0
   * @param batch - 0 … count − 1
   * @throws FailureError when the dataset is damaged, or what makes batches has died
   */
  take(epoch: number, batch: number): TrainBatch | Promise<TrainBatch>;
  /** Ends what makes batches; nothing can be taken afterwards. */
  close(): Promise<void>;
}

/** Arrays for a whole batch. */
export interface BatchArrays {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/**
 * Gives the filled part of arrays as a batch.
 *
 * @param arrays - filled with `size` images
 * @param size - number of images
 * @param mix - how they were mixed
 * @returns the batch: views, not copies
 */
export function batchOf(arrays: BatchArrays, size: number, mix: Mix | null): TrainBatch {
  const { images, labels } = arrays;
  const values = images.length / labels.length;
  const own = labels.subarray(0, size);
  return {
    images: images.subarray(0, values * size),
    labels: own,
    mixed: mix && { share: mix.share, partners: partnerLabels(own) },
  };
}

/**
 * Remembers the batches of the latest epoch, so that its order is drawn once.
 *
 * @param split - the `train` split
 * @param format - input size and statistics
 * @param options - how batches are made
 * @returns batches by epoch
 */
export function batchesByEpoch(
  split: PackedSplit,
  format: InputFormat,
  options: TrainOptions,
): (epoch: number) => Batches {
  let latest: { readonly epoch: number; readonly batches: Batches } | undefined;
  return (epoch) => {
    if (latest?.epoch !== epoch) latest = { epoch, batches: trainBatches(split, format, { ...options, epoch }) };
    return latest.batches;
  };
}

/**
 * Makes batches when they are asked for, in the thread that asks.
 *
 * @param split - the `train` split
 * @param format - input size and statistics: the packed manifest
 * @param options - how batches are made
 * @returns the supply
 */
export function directSupply(split: PackedSplit, format: InputFormat, options: TrainOptions): Supply {
  const { batchSize } = options;
  const side = format.imageSize;
  const batches = batchesByEpoch(split, format, options);
  const arrays = { images: new Float32Array(batchSize * side * side * 3), labels: new Int32Array(batchSize) };
  return {
    count: Math.ceil(split.count / batchSize),
    take(epoch, batch) {
      const { length } = batches(epoch).fill(batch, arrays.images, arrays.labels);
      return batchOf(arrays, length, mixOf(options, side, epoch, batch));
    },
    close: () => Promise.resolve(),
  };
}
