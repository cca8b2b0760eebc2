import type { FolderListing } from './digest.ts';

/** Paths of a folder that are not as they were. */
export interface FolderChanges {
  readonly edited: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Most paths that a text names. */
const named = 5;

/**
 * Compares two states of a folder.
 *
 * @param before - what it held
 * @param after - what it holds
 * @returns the paths that differ
 */
export function compareFolders(before: FolderListing, after: FolderListing): FolderChanges {
  const [old, now] = [new Map(before), new Map(after)];
  return {
    edited: after.filter(([path, digest]) => old.has(path) && old.get(path) !== digest).map(([path]) => path),
    added: after.filter(([path]) => !old.has(path)).map(([path]) => path),
    removed: before.filter(([path]) => !now.has(path)).map(([path]) => path),
  };
}

/**
 * Says what changed in a folder.
 *
 * @param changes - the paths
 * @returns e.g. `edited train.py; added a.txt, b.txt; and 12 more`; empty where nothing changed
 */
export function sayFolderChanges(changes: FolderChanges): string {
  const { edited, added, removed } = changes;
  const parts: string[] = [];
  let room = named;
  for (const [verb, paths] of Object.entries({ edited, added, removed })) {
    const shown = paths.slice(0, room);
    if (shown.length) parts.push(`${verb} ${shown.join(', ')}`);
    room -= shown.length;
  }
  const more = edited.length + added.length + removed.length - named;
  return [...parts, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
