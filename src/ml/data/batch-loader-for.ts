import type { TrainOptions } from './batches.ts';
import type { PackedDataset } from './packed.ts';
import { directLoader, type BatchLoader } from './batch-loader.ts';
import { ThreadedLoader } from './threaded-loader.ts';

/**
 * Chooses how training batches are made: those that are augmented ahead, on a thread; others cost so little beside a
 * step (test/bench/RESULTS.md) that a thread would only take time from it.
 *
 * @param data - the packed dataset
 * @param folder - where it lies
 * @param options - how batches are made
 * @returns the loader; the caller closes it
 */
export function batchLoaderFor(data: PackedDataset, folder: string, options: TrainOptions): BatchLoader {
  if (options.augment === 'none') return directLoader(data.split('train'), data.manifest, options);
  return new ThreadedLoader({ folder, manifest: data.manifest, options, threads: 1 });
}
