import { readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../core/plan.ts';
import { listCheckpoints } from './checkpoints.ts';
import { entryPath, isKey, parts } from './layout.ts';
import { namesIn } from './files/names-in.ts';
import { statIfPresent } from './files/stat-if-present.ts';
import type { Store } from './store.ts';

/** Something that takes room in a store. */
export interface StoredItem {
  /** `scratch`: checkpoints of what is not finished; `checkpoint`: the end of a finished result. */
  readonly type: 'entry' | 'draft' | 'scratch' | 'checkpoint' | 'tainted';
  readonly key: Key;
  /** Absolute path of its folder. */
  readonly path: string;
  /** Sum of the sizes of its files. */
  readonly bytes: number;
  /** Newest modification in it, milliseconds since the Unix epoch. */
  readonly modified: number;
  /** True while a live process holds the key's lock: somebody is making the result. */
  readonly locked: boolean;
}

/** State of everything below a folder, itself included; what vanishes meanwhile is left out. */
function* statesBelow(folder: string): Generator<Stats> {
  const own = statIfPresent(folder);
  if (!own) return;
  yield own;
  if (!own.isDirectory()) return;
  for (const item of readdirSync(folder, { withFileTypes: true }))
    if (item.isDirectory()) yield* statesBelow(join(folder, item.name));
    else {
      const stats = item.isSymbolicLink() ? undefined : statIfPresent(join(folder, item.name));
      if (stats) yield stats;
    }
}

function measure(path: string): Pick<StoredItem, 'bytes' | 'modified'> {
  let [bytes, modified] = [0, 0];
  for (const stats of statesBelow(path)) {
    if (stats.isFile()) bytes += stats.size;
    modified = Math.max(modified, stats.mtimeMs);
  }
  return { bytes, modified };
}

/**
 * Lists everything in a store that takes room.
 *
 * @param store - the store
 * @param onWatch - told of a process of which only watching tells whether it lives, which may take a minute
 * @returns entries, valid or not, drafts, folders of checkpoints, kept ones too, and tainted results
 */
export async function takeInventory(store: Store, onWatch?: (holder: string) => void): Promise<readonly StoredItem[]> {
  const holders = await store.holders(onWatch);
  const item = (type: StoredItem['type'], key: Key, path: string): StoredItem => ({
    type,
    key,
    path,
    ...measure(path),
    locked: holders.has(key),
  });
  const inFolder = (type: StoredItem['type'], folder: string): readonly StoredItem[] =>
    namesIn(join(store.root, folder))
      .filter((name) => isKey(name.slice(0, 64)))
      .map((name) => item(type, name.slice(0, 64), join(store.root, folder, name)));
  return [
    ...store.keys().map((key) => item('entry', key, entryPath(store.root, key))),
    ...inFolder('draft', parts.drafts),
    ...inFolder('scratch', parts.scratch),
    ...listCheckpoints(store.root).map(({ key, path }) => item('checkpoint', key, path)),
    ...inFolder('tainted', parts.tainted),
  ];
}
