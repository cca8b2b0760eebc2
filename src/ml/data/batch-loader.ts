import { mixings, partnersOf, type Mix } from '../augment/mix.ts';
import { imagesIn, type Batches, type ImageForm, type Images, type InputFormat } from './batches.ts';
import type { Augmentations } from '../augment/registry.ts';
import { countViews, mixOf, trainBatches, type TrainOptions } from './train-batches.ts';
import type { PackedSplit } from './packed.ts';

/** One training batch. Its arrays are valid until the next one is taken. */
export interface TrainBatch {
  /** In the form that the loader was made for: [size, …], with a second view [2 · size, …], all of the first one in front. */
  readonly images: Images;
  /** Int32 [size]: classes of the pictures, mixed or not. */
  readonly labels: Int32Array;
  /** Uint32 [size]: places of the pictures in the `train` split. */
  readonly indices: Uint32Array;
  /** Where pictures are mixed: how, and the classes of the partners, [size]. */
  readonly mixed: { readonly share: number; readonly partners: Int32Array } | null;
}

/** Makes the training batches of a run: a pure function of (epoch, batch), in whatever order they are taken. */
export interface BatchLoader {
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
  readonly images: Images;
  readonly labels: Int32Array;
  readonly indices: Uint32Array;
}

/**
 * How an engine gets the images of training batches: as 8-bit pixels, where it takes these, and mixing and erasing leave them such.
 *
 * @param takesPixels - whether the engine normalises pixels where its arrays lie
 * @param options - how batches are made
 * @returns the form
 */
export const formFor = (
  takesPixels: boolean,
  { mixup, randomErasing }: Pick<TrainOptions, 'mixup' | 'randomErasing'>,
): ImageForm => (takesPixels && !mixings[mixup].blends && randomErasing === 0 ? 'pixels' : 'normalised');

/**
 * Makes one batch in arrays.
 *
 * @param batches - an epoch's
 * @param batch - 0 … count − 1
 * @param arrays - to be filled, from their beginning
 * @returns number of images; of a split whose files are kept, once they are decoded
 */
export function fillArrays(batches: Batches, batch: number, arrays: BatchArrays): number | Promise<number> {
  const noted = (members: Uint32Array): number => {
    arrays.indices.set(members);
    return members.length;
  };
  const filled = batches.fill(batch, arrays.images, arrays.labels);
  return filled instanceof Promise ? filled.then(noted) : noted(filled);
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
  const { images, labels, indices } = arrays;
  const values = images.length / labels.length;
  const own = labels.subarray(0, size);
  return {
    images: images.subarray(0, values * size),
    labels: own,
    indices: indices.subarray(0, size),
    mixed: mix && { share: mix.share, partners: partnersOf(own) },
  };
}

/**
 * Remembers the batches of the latest epoch, so that its order is drawn once.
 *
 * @param split - the `train` split
 * @param format - input size and statistics
 * @param options - how batches are made
 * @param added - augmentations of plugins
 * @returns batches by epoch
 */
export function batchesByEpoch(
  split: PackedSplit,
  format: InputFormat,
  options: TrainOptions,
  added?: Augmentations,
): (epoch: number) => Batches {
  let latest: { readonly epoch: number; readonly batches: Batches } | undefined;
  return (epoch) => {
    if (latest?.epoch !== epoch) latest = { epoch, batches: trainBatches(split, format, { ...options, epoch }, added) };
    return latest.batches;
  };
}

/**
 * Makes batches when they are asked for, in the thread that asks.
 *
 * @param split - the `train` split
 * @param format - input size and statistics: the packed manifest
 * @param options - how batches are made
 * @param form - of their images
 * @returns the loader
 */
export function directLoader(
  split: PackedSplit,
  format: InputFormat,
  options: TrainOptions,
  form: ImageForm = 'normalised',
): BatchLoader {
  const { batchSize } = options;
  const side = format.imageSize;
  const batches = batchesByEpoch(split, format, options);
  const arrays = {
    images: imagesIn(form, { count: countViews(options) * batchSize, side }),
    labels: new Int32Array(batchSize),
    indices: new Uint32Array(batchSize),
  };
  return {
    count: Math.ceil(split.count / batchSize),
    take(epoch, batch) {
      const made = (size: number): TrainBatch => batchOf(arrays, size, mixOf(options, side, epoch, batch));
      const filled = fillArrays(batches(epoch), batch, arrays);
      return filled instanceof Promise ? filled.then(made) : made(filled);
    },
    close: () => Promise.resolve(),
  };
}
