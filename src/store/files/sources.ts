import { dirname, join } from 'node:path';
import type { Digest } from '../../core/plan.ts';
import type { FolderListing } from '../../fingerprint/digest.ts';
import { compareFolders, sayFolderChanges } from '../../fingerprint/folder-changes.ts';
import type { ReadWatch } from './digest-file.ts';
import { digestPath } from './digest-path.ts';
import { keepListing, readListing } from './listings.ts';
import { parts } from '../layout.ts';
import { forgetSourceCaches } from './source-cache.ts';

const cacheOf = (root: string): string => join(root, parts.sources);

/** Digests the content of an absolute path; rejects with `missing-source` when nothing is there. */
export type SourceDigester = (path: string) => Promise<Digest>;

/**
 * Digests files and folders outside the store, and remembers the digests in the store's `.sources/`.
 *
 * @param root - the store's root
 * @param watch - told what is read
 * @returns what digests them
 */
export function sourceDigester(root: string, watch?: ReadWatch): SourceDigester {
  return (path) => digestPath(path, cacheOf(root), { runsFolder: dirname(root), watch });
}

/**
 * The same, and keeps what folders hold, so that {@link sourceChanges} can tell what changed in them since.
 *
 * @param root - the store's root
 * @param watch - told what is read
 * @returns what digests files and folders
 */
export function sourceRecorder(root: string, watch?: ReadWatch): SourceDigester {
  const onListing = (listing: FolderListing) => keepListing(cacheOf(root), listing);
  return (path) => digestPath(path, cacheOf(root), { runsFolder: dirname(root), onListing, watch });
}

/**
 * Forgets the digests of all files outside the store, so that each is read again.
 *
 * @param root - the store's root
 */
export function forgetSources(root: string): void {
  forgetSourceCaches(cacheOf(root));
}

/**
 * Says which files of a folder outside the store are not as they were.
 *
 * @param root - the store's root
 * @param before - digest that the folder had
 * @param after - digest that it has
 * @returns e.g. `edited train.py`; empty where that is not known, as for a single file
 */
export function sourceChanges(root: string, before: Digest, after: Digest): string {
  const [old, now] = [before, after].map((digest) => readListing(cacheOf(root), digest));
  return old && now ? sayFolderChanges(compareFolders(old, now)) : '';
}
