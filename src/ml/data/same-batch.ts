import type { BatchLoader, TrainBatch } from './batch-loader.ts';

/**
 * Lets several runs take the same batches: whoever asks for the one that was taken last gets that very object.
 *
 * @param loader - makes each batch once; the caller closes it
 * @returns a loader whose batches are valid until somebody takes another one; it is not to be closed
 */
export function sameBatch(loader: BatchLoader): BatchLoader {
  let latest: { readonly epoch: number; readonly batch: number; readonly made: Promise<TrainBatch> } | undefined;
  return {
    count: loader.count,
    take: (epoch, batch) => {
      if (latest?.epoch !== epoch || latest.batch !== batch)
        latest = { epoch, batch, made: Promise.resolve(loader.take(epoch, batch)) };
      return latest.made;
    },
    close: () => Promise.resolve(),
  };
}
