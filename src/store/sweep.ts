import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIfReadable } from '../util/if-readable.ts';
import { sweepTemporary } from '../util/temporary-file.ts';
import { isKey, parts } from './layout.ts';
import type { Store } from './store.ts';

/**
 * Removes what killed processes have left in a store and nobody will ever finish: drafts, and files that were to be renamed. On
 * a full disk that is the room which the next run needs. What cannot be removed stays: it is only in the way.
 *
 * @param store - the store
 */
export async function sweepStore(store: Store): Promise<void> {
  const { root } = store;
  const scratch = join(root, parts.scratch);
  const folders = [root, join(root, parts.sources), join(root, parts.settled)];
  for (const folder of [...folders, ...namesIfReadable(scratch).map((name) => join(scratch, name))])
    sweepTemporary(folder);
  const drafts = namesIfReadable(join(root, parts.drafts));
  if (drafts.length === 0) return;
  // Who makes a draft holds the key's lock as long as it is there: one that was listed, and has no lock now, is nobody's.
  await store.sweepLocks().catch(() => undefined);
  for (const name of drafts) {
    const key = name.slice(0, 64);
    if (!isKey(key)) continue;
    try {
      if (!existsSync(join(root, parts.locks, key)))
        await rm(join(root, parts.drafts, name), { recursive: true, force: true });
    } catch {
      // Another user's, or on a read-only disk.
    }
  }
}
