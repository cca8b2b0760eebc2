import { areSquares, countViews, viewFor, type TrainOptions } from './train-batches.ts';
import type { PluginFile } from '../plugins/plugin.ts';
import type { PackedDataset, PackedSplit, PictureFile } from './packed.ts';
import { directLoader, formFor, type BatchLoader } from './batch-loader.ts';
import { ThreadedLoader } from './threaded-loader.ts';

/** What batches are made for. */
interface LoaderOptions {
  readonly threads: number;
  readonly takesPixels: boolean;
  readonly sharesMemory?: boolean;
  readonly kept?: boolean;
  readonly plugins?: readonly PluginFile[];
}

/** Most threads that decode: each has a batch of its own in memory. */
const MOST = 8;

/**
 * The pictures that all training batches are squares of.
 *
 * @param split - `train`
 * @param options - how batches are made
 * @returns their file; null where pictures are decoded, or changed in any way
 * @throws FailureError `damaged-dataset`
 */
export function picturesOf(split: PackedSplit, options: TrainOptions): PictureFile | null {
  if (split.keep === 'encoded' || !areSquares(options)) return null;
  return split.file(viewFor(options));
}

/**
 * Chooses how training batches are made: those that are decoded ahead, on as many threads as the stage has; those that are
 * augmented, or whose network is computed elsewhere, on one; others cost so little beside a step (test/bench/RESULTS.md) that a thread
 * would only take time from it.
 *
 * @param data - the packed dataset
 * @param folder - where it lies
 * @param options - how batches are made
 * @param on - what they are made for
 * @param on.threads - of the stage
 * @param on.takesPixels - whether the engine normalises pixels where its arrays lie
 * @param on.sharesMemory - whether it is another process, which reads them in shared memory
 * @param on.kept - whether it has the pictures that batches are squares of
 * @param on.plugins - whose augmentations they name
 * @returns the loader; the caller closes it
 */
export function batchLoaderFor(
  data: PackedDataset,
  folder: string,
  options: TrainOptions,
  { threads, takesPixels, sharesMemory = false, kept = false, plugins = [] }: LoaderOptions,
): BatchLoader {
  const { manifest } = data;
  const split = data.split('train');
  if (kept) return directLoader(split, manifest, options, 'squares');
  const form = formFor(takesPixels, options);
  const source = { folder, manifest, options, form, plugins, twinned: sharesMemory };
  if (split.keep === 'encoded') return new ThreadedLoader({ ...source, threads: Math.min(threads, MOST) });
  if (options.augment === 'none' && countViews(options) === 1 && !takesPixels)
    return directLoader(split, manifest, options, form);
  return new ThreadedLoader({ ...source, threads: 1 });
}
