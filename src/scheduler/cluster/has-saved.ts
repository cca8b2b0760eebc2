import { join } from 'node:path';
import type { Key } from '../../core/plan.ts';
import { parts } from '../../store/layout.ts';
import type { Store } from '../../store/store.ts';
import { namesIfReadable } from '../../util/if-readable.ts';

/**
 * Whether what a stage has saved of a result is there.
 *
 * @param store - where results are
 * @param key - of the result
 * @returns true where another attempt may go on from something
 */
export const hasSaved = (store: Pick<Store, 'root'>, key: Key): boolean =>
  namesIfReadable(join(store.root, parts.scratch, key)).length > 0;
