import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sweepTemporary } from '../util/temporary-file.ts';
import { isKey, parts } from './layout.ts';
import { holderOf } from './lock.ts';

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Removes what killed processes have left in a store and nobody will ever finish: drafts, and files that were to be renamed. On
 * a full disk that is the room which the next run needs. What cannot be removed stays: it is only in the way.
 *
 * @param root - the store's root
 */
export async function sweepStore(root: string): Promise<void> {
  const scratch = join(root, parts.scratch);
  const folders = [root, join(root, parts.sources), join(root, parts.settled)];
  for (const folder of [...folders, ...namesIn(scratch).map((name) => join(scratch, name))]) sweepTemporary(folder);
  // Who makes a draft holds the key's lock as long as it is there: one that was listed, and has no holder now, is nobody's.
  for (const name of namesIn(join(root, parts.drafts))) {
    const key = name.slice(0, 64);
    if (!isKey(key)) continue;
    try {
      if (holderOf(join(root, parts.locks, key)) === undefined)
        await rm(join(root, parts.drafts, name), { recursive: true, force: true });
    } catch {
      // Another user's, or on a read-only disk.
    }
  }
}
