import type { TrainOptions } from './batches.ts';
import type { PackedDataset } from './packed.ts';
import { directLoader, type BatchLoader } from './batch-loader.ts';
import { ThreadedLoader } from './threaded-loader.ts';

/** Most threads that decode: each has a batch of its own in memory. */
const MOST = 8;

/**
 * Chooses how training batches are made: those that are decoded ahead, on as many threads as the stage has; those that are
 * augmented, on one; others cost so little beside a step (test/bench/RESULTS.md) that a thread would only take time from it.
 *
 * @param data - the packed dataset
 * @param folder - where it lies
 * @param options - how batches are made
 * @param threads - of the stage
 * @returns the loader; the caller closes it
 */
export function batchLoaderFor(
  data: PackedDataset,
  folder: string,
  options: TrainOptions,
  threads: number,
): BatchLoader {
  const { manifest } = data;
  const split = data.split('train');
  if (split.keep === 'encoded')
    return new ThreadedLoader({ folder, manifest, options, threads: Math.min(threads, MOST) });
  if (options.augment === 'none') return directLoader(split, manifest, options);
  return new ThreadedLoader({ folder, manifest, options, threads: 1 });
}
