import type { BatchLoader } from '../data/batch-loader.ts';
import type { LossTerms } from './loss-terms.ts';

/**
 * Lets terms see each batch before it is taken.
 *
 * @param loader - makes batches; closed with the loader that this gives
 * @param terms - whose teachers do
 * @returns a loader of the same batches
 */
export function seenAhead(loader: BatchLoader, terms: Pick<LossTerms, 'ahead'>): BatchLoader {
  return {
    count: loader.count,
    take: async (epoch, batch) => {
      const made = await loader.take(epoch, batch);
      await terms.ahead?.(made);
      return made;
    },
    close: () => loader.close(),
  };
}
