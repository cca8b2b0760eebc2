import type { TrainOptions } from './batches.ts';
import type { PackedDataset } from './packed.ts';
import { directSupply, type Supply } from './supply.ts';
import { ThreadedSupply } from './threaded-supply.ts';

/**
 * Chooses how training batches are made: those that are augmented ahead, on a thread; others cost so little beside a
 * step (test/bench/RESULTS.md) that a thread would only take time from it.
 *
 * @param data - the packed dataset
 * @param folder - where it lies
 * @param options - how batches are made
 * @returns the supply; the caller closes it
 */
export function supplyOf(data: PackedDataset, folder: string, options: TrainOptions): Supply {
  if (options.augment === 'none') return directSupply(data.split('train'), data.manifest, options);
  return new ThreadedSupply({ folder, manifest: data.manifest, options, threads: 1 });
}
