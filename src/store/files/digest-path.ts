import { existsSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail } from '../../core/failure.ts';
import type { Digest } from '../../core/plan.ts';
import { emptyFolder, ListingDigest, type FolderListing } from '../../fingerprint/digest.ts';
import { mappedInodes } from '../../util/mapped-files.ts';
import { inOrder } from '../../util/ordered.ts';
import { digestFile, type ReadWatch } from './digest-file.ts';
import { isListedFolder, walkFolder, type ListedFile, type ListedFolder } from './list-folder.ts';
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

const noCache = new SourceCache(Buffer.alloc(0));

/** What a path holds, as it is found. */
class Gathered {
  readonly #sum = new ListingDigest();
  readonly #listing: (readonly [path: string, digest: Digest])[] = [];
  #count = 0;

  /** Adds a file, or an empty folder; its path is greater than those before. */
  add(path: string, digest: Digest): void {
    this.#sum.add(path, digest);
    if (this.#count++ < mostFiles) this.#listing.push([path, digest]);
  }

  /** All of it, where that is not too much to keep. */
  get listing(): FolderListing | undefined {
    return this.#count <= mostFiles ? this.#listing : undefined;
  }

  digest(): Digest {
    return this.#sum.digest();
  }
}

/** Files and folders, and how their digests are found. */
interface Digesting {
  readonly path: string;
  /** Walks through them, sorted by path. */
  readonly walk: () => Iterable<ListedFile | ListedFolder>;
  readonly cacheFolder: string | undefined;
  readonly watch: ReadWatch | undefined;
}

/** Adds what a folder counts for. */
function addFolder(gathered: Gathered, { path, isEmpty }: ListedFolder): void {
  if (!isEmpty || path === '') return;
  const listed = emptyFolder(path);
  gathered.add(listed.path, listed.digest);
}

/** Gives the digests of files, asked for by path, whose state is remembered, and that nobody may change without a sign. */
function believer(cache: SourceCache): (file: ListedFile) => Remembered | undefined {
  const lookUp = cache.lookUp();
  let mapped: ReadonlySet<number> | undefined;
  return ({ path, stats }) => {
    const known = lookUp(path);
    return known && isUnchanged(known, stats) && !(mapped ??= mappedInodes()).has(stats.ino) ? known : undefined;
  };
}

/** Gathers what is remembered, without reading; undefined, and told how much is to be read, where not all is. */
function recall({ walk, watch }: Digesting, cache: SourceCache): Gathered | undefined {
  const believed = believer(cache);
  const gathered = new Gathered();
  let [files, unknown, bytes] = [0, 0, 0];
  for (const item of walk()) {
    if (isListedFolder(item)) {
      addFolder(gathered, item);
      continue;
    }
    const known = believed(item);
    files++;
    if (known) gathered.add(item.path, known.digest);
    else [unknown, bytes] = [unknown + 1, bytes + item.stats.size];
  }
  watch?.ahead(bytes);
  return unknown === 0 && files === cache.size ? gathered : undefined;
}

/** Gathers all, reads what is not remembered, and remembers it. */
async function readAll({ path, walk, cacheFolder, watch }: Digesting, cache: SourceCache): Promise<Gathered> {
  const believed = believer(cache);
  const gathered = new Gathered();
  const rows = cacheFolder === undefined ? undefined : new CacheRows();
  const digested = inOrder(walk(), atOnce, async (item): Promise<ListedFolder | [string, Remembered]> => {
    if (isListedFolder(item)) return item;
    const known = believed(item);
    if (known) return [item.path, known];
    const before = Date.now();
    const digest = await digestFile(join(path, item.path), item.stats.size, watch);
    return [item.path, rememberStats(item.stats, digest, before)];
  });
  for await (const item of digested) {
    if (!Array.isArray(item)) {
      addFolder(gathered, item);
      continue;
    }
    const [name, known] = item;
    gathered.add(name, known.digest);
    rows?.add(name, known);
  }
  if (cacheFolder !== undefined && rows) writeSourceCache(cacheFolder, path, rows);
  return gathered;
}

/** Digests files; nothing is kept of each but its row in the cache, and where nothing is new, no second copy of that. */
async function gather(digesting: Digesting): Promise<Gathered> {
  const { path, cacheFolder } = digesting;
  const cache = cacheFolder === undefined ? noCache : readSourceCache(cacheFolder, path);
  return recall(digesting, cache) ?? (await readAll(digesting, cache));
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
  const file = await gather({ path, walk: () => [{ path: '', stats }], cacheFolder, watch: options.watch });
  return file.listing?.[0]?.[1] ?? '';
}

async function digestFolder(path: string, cacheFolder: string | undefined, options: FolderOptions): Promise<Digest> {
  const { runsFolder, onListing, watch } = options;
  const except = runsFolder === undefined ? undefined : realPath(runsFolder);
  const found = await gather({ path, walk: () => walkFolder(path, 'open', except), cacheFolder, watch });
  if (found.listing) onListing?.(found.listing);
  return found.digest();
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
