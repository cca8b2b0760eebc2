import { existsSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail } from '../../core/failure.ts';
import type { Digest } from '../../core/plan.ts';
import { emptyFolder, folderListing, listingDigest, type FolderListing } from '../../fingerprint/digest.ts';
import { mapConcurrently } from '../../util/async-pool.ts';
import { mappedInodes } from '../../util/mapped-files.ts';
import { digestFile, type ReadWatch } from './digest-file.ts';
import { emptyFoldersOf, listFolder, type ListedFile } from './list-folder.ts';
import { statIfPresent } from './stat-if-present.ts';
import { isUnchanged, readSourceCache, rememberStats, writeSourceCache, type Remembered } from './source-cache.ts';

/** Files that are read at once. */
const atOnce = 8;
/** A single file up to this size is read faster than a cache would be. Bytes. */
const smallFile = 2 ** 18;

function nearestFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

function statOf(path: string): Stats {
  return (
    statIfPresent(path) ??
    fail({
      code: 'missing-source',
      message: `there is no file or folder ${path}; what there is of it: ${nearestFolder(path)}`,
      expected: 'a file or folder to read',
      fix: 'mend the path, or put the file there',
    })
  );
}

/** Digests files; those whose state is remembered, and that nobody may change without a sign, without reading them. */
async function digestAll(
  path: string,
  files: readonly ListedFile[],
  cacheFolder: string | undefined,
  watch: ReadWatch | undefined,
) {
  const cache = cacheFolder === undefined ? new Map<string, Remembered>() : readSourceCache(cacheFolder, path);
  const knownOf = (file: ListedFile): Remembered | undefined => {
    const known = cache.get(file.path);
    return known && isUnchanged(known, file.stats) ? known : undefined;
  };
  watch?.ahead(files.reduce((sum, file) => (knownOf(file) ? sum : sum + file.stats.size), 0));
  let read = 0;
  let mapped: ReadonlySet<number> | undefined;
  const isMapped = ({ ino }: Stats): boolean => (mapped ??= mappedInodes()).has(ino);
  const digested = await mapConcurrently(files, atOnce, async (file): Promise<[string, Remembered]> => {
    const known = knownOf(file);
    if (known && !isMapped(file.stats)) return [file.path, known];
    read++;
    const before = Date.now();
    const digest = await digestFile(join(path, file.path), file.stats.size, watch);
    return [file.path, rememberStats(file.stats, digest, before)];
  });
  if (cacheFolder !== undefined && (read > 0 || cache.size !== files.length))
    writeSourceCache(cacheFolder, path, digested);
  return digested;
}

/** How a folder outside the store is digested. */
export interface FolderOptions {
  /** kdpipe's own folder, no part of one in which it stands. */
  readonly runsFolder?: string;
  /** Told what the folder holds. */
  readonly onListing?: (listing: FolderListing) => void;
  /** Told what is read. */
  readonly watch?: ReadWatch | undefined;
}

/**
 * Digests the content of a file or folder outside the store, by the rule of outputs: a file's own bytes, or the sorted
 * list of a folder's files with their digests and of its empty folders, without litter. Links are followed.
 *
 * @param path - absolute path
 * @param cacheFolder - where digests are remembered together with the state of the files, so that files that did not change
 *   are not read again; without it everything is read
 * @param options - of folders
 * @returns the digest of the content
 * @throws FailureError `missing-source` when nothing is there; for links that lead nowhere or in a circle; for special files
 */
export async function digestPath(path: string, cacheFolder?: string, options: FolderOptions = {}): Promise<Digest> {
  const stats = statOf(path);
  if (stats.isDirectory()) return digestFolder(path, cacheFolder, options);
  if (stats.isFile() && stats.size <= smallFile) return digestFile(path, stats.size);
  const [only] = await digestAll(path, [{ path: '', stats }], cacheFolder, options.watch);
  if (!only) throw new Error(`${path} was not digested`);
  return only[1].digest;
}

async function digestFolder(path: string, cacheFolder: string | undefined, options: FolderOptions): Promise<Digest> {
  const { runsFolder, onListing, watch } = options;
  const content = listFolder(path, 'open', runsFolder === undefined ? undefined : realPath(runsFolder));
  const files = await digestAll(path, content.files, cacheFolder, watch);
  const listing = folderListing([
    ...files.map(([name, { digest }]) => ({ path: name, digest })),
    ...emptyFoldersOf(content).map(emptyFolder),
  ]);
  onListing?.(listing);
  return listingDigest(listing);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
