import { existsSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail } from '../../core/failure.ts';
import type { Digest } from '../../core/plan.ts';
import { emptyFolder, ListingDigest, type FolderListing } from '../../fingerprint/digest.ts';
import { mappedInodes } from '../../util/mapped-files.ts';
import { inOrder } from '../../util/ordered.ts';
import { byCodeUnits } from '../../util/text.ts';
import { digestFile, type ReadWatch } from './digest-file.ts';
import { emptyFoldersOf, listFolder, type FileState, type ListedFile } from './list-folder.ts';
import { mostFiles } from './listings.ts';
import { statIfPresent } from './stat-if-present.ts';
import {
  CacheRows,
  isUnchanged,
  readSourceCache,
  rememberStats,
  SourceCache,
  writeSourceCache,
  type Remembered,
} from './source-cache.ts';

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

const byPath = (a: { readonly path: string }, b: { readonly path: string }): number => byCodeUnits(a.path, b.path);
const noCache = new SourceCache(Buffer.alloc(0));

/** How files are digested. */
interface Digesting {
  readonly cacheFolder: string | undefined;
  readonly watch: ReadWatch | undefined;
  /** Told the digest of each, in their order. */
  readonly use: (path: string, digest: Digest) => void;
}

/** Bytes that will have to be read. */
function bytesAhead(files: readonly ListedFile[], cache: SourceCache): number {
  const known = cache.lookUp();
  return files.reduce((sum, { path, stats }) => sum + (isKnown(known(path), stats) ? 0 : stats.size), 0);
}

const isKnown = (known: Remembered | undefined, stats: FileState): known is Remembered =>
  known !== undefined && isUnchanged(known, stats);

/**
 * Digests files that are sorted by path; those whose state is remembered, and that nobody may change without a sign, without
 * reading them. Nothing is kept of each but its row in the cache.
 */
async function digestAll(path: string, files: readonly ListedFile[], { cacheFolder, watch, use }: Digesting) {
  const cache = cacheFolder === undefined ? noCache : readSourceCache(cacheFolder, path);
  watch?.ahead(bytesAhead(files, cache));
  let mapped: ReadonlySet<number> | undefined;
  const isMapped = ({ ino }: FileState): boolean => (mapped ??= mappedInodes()).has(ino);
  const believed = (look: ReturnType<SourceCache['lookUp']>, { path: name, stats }: ListedFile) => {
    const known = look(name);
    return isKnown(known, stats) && !isMapped(stats) ? known : undefined;
  };
  const first = cache.lookUp();
  const isWhole = cache.size === files.length && files.every((file) => believed(first, file));
  // Where nothing is new, no second copy of the cache is made.
  const rows = cacheFolder === undefined || isWhole ? undefined : new CacheRows();
  const lookUp = cache.lookUp();
  const digested = inOrder(files, atOnce, async (file): Promise<[string, Remembered]> => {
    const known = believed(lookUp, file);
    if (known) return [file.path, known];
    const before = Date.now();
    const digest = await digestFile(join(path, file.path), file.stats.size, watch);
    return [file.path, rememberStats(file.stats, digest, before)];
  });
  for await (const [name, known] of digested) {
    use(name, known.digest);
    rows?.add(name, known);
  }
  if (cacheFolder !== undefined && rows) writeSourceCache(cacheFolder, path, rows);
}

/** How a folder outside the store is digested. */
export interface FolderOptions {
  /** kdpipe's own folder, no part of one in which it stands. */
  readonly runsFolder?: string;
  /** Told what the folder holds, where that is not too much to keep. */
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
  let only = '';
  const use = (_: string, digest: Digest): void => void (only = digest);
  await digestAll(path, [{ path: '', stats }], { cacheFolder, watch: options.watch, use });
  return only;
}

async function digestFolder(path: string, cacheFolder: string | undefined, options: FolderOptions): Promise<Digest> {
  const { runsFolder, onListing, watch } = options;
  const content = listFolder(path, 'open', runsFolder === undefined ? undefined : realPath(runsFolder));
  const empty = Array.from(emptyFoldersOf(content), (name) => emptyFolder(name)).sort(byPath);
  const files = content.files.toSorted(byPath);
  const sum = new ListingDigest();
  const listing: (readonly [path: string, digest: Digest])[] = [];
  const isListed = onListing && files.length + empty.length <= mostFiles;
  const add = (name: string, digest: Digest): void => {
    sum.add(name, digest);
    if (isListed) listing.push([name, digest]);
  };
  const addEmptyBefore = (name?: string): void => {
    for (let [first] = empty; first && (name === undefined || byCodeUnits(first.path, name) < 0); [first] = empty) {
      add(first.path, first.digest);
      empty.shift();
    }
  };
  const use = (name: string, digest: Digest): void => {
    addEmptyBefore(name);
    add(name, digest);
  };
  await digestAll(path, files, { cacheFolder, watch, use });
  addEmptyBefore();
  if (isListed) onListing(listing);
  return sum.digest();
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
