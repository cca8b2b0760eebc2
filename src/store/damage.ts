import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest, Key } from '../core/plan.ts';
import { sayFolderChanges } from '../fingerprint/folder-changes.ts';
import { mapConcurrently } from '../util/async-pool.ts';
import { isLitterPath } from '../util/litter.ts';
import { digestFile } from './files/digest-file.ts';
import { listFolder, type FileState, type ListedFile } from './files/list-folder.ts';
import { statIfPresent } from './files/stat-if-present.ts';
import { readManifest } from './entry.ts';
import { entryPath, manifestName } from './layout.ts';
import type { ManifestFiles } from './manifest.ts';

/** Files that are digested at once. */
const atOnce = 16;

/**
 * Compares a result with its manifest, which is written last: a file that has not changed since has the content that was
 * digested then, so that one look at its state is enough. What is newer is read, as in a copy of a store; where its content is
 * right all the same, the manifest is made the newest again, and the next look is quick.
 *
 * @param root - the store's root
 * @param key - of the result
 * @returns what is not as its stage made it, e.g. `edited data.csv; added notes.txt`; an empty text where all is, and where
 *   there is no result to compare
 * @throws FailureError where a link leads out of it, or a special file stands in it
 */
export async function damageOf(root: string, key: Key): Promise<string> {
  const entry = entryPath(root, key);
  const sealed = statIfPresent(join(entry, manifestName))?.ctimeMs;
  const manifest = readManifest(entry, key);
  if (sealed === undefined || !manifest) return sealed === undefined ? '' : `edited ${manifestName}`;
  const { files, emptyFolders = [] } = manifest;
  const content = listFolder(entry, 'closed');
  const found = new Map(content.files.map((file) => [file.path, file.stats]));
  const folders = new Set(content.folders);
  const removed = [
    ...files.map(({ path }) => path).filter((path) => !found.has(path)),
    ...emptyFolders.filter((path) => !folders.has(path)).map((path) => `${path}/`),
  ];
  const there = files.flatMap((listed) => {
    const stats = found.get(listed.path);
    return stats ? [{ ...listed, stats }] : [];
  });
  const newer = there.filter(({ size, stats }) => stats.size === size && stats.ctimeMs > sealed);
  const changed = new Set(await otherContent(entry, newer));
  const edited = there
    .filter(({ path, size, stats }) => stats.size !== size || changed.has(path))
    .map(({ path }) => path);
  const added = unknownFiles(files, content.files);
  if (newer.length && !changed.size && !sealAgain(entry, newer)) return damageOf(root, key);
  return sayFolderChanges({ edited, added, removed });
}

/**
 * Files of a result that its manifest does not list; what programs leave where they read is not counted.
 *
 * @param files - the manifest's
 * @param found - all that are there
 * @returns their paths
 */
export function unknownFiles(files: ManifestFiles, found: readonly ListedFile[]): readonly string[] {
  const known = new Set([manifestName, ...files.map(({ path }) => path)]);
  return found.map(({ path }) => path).filter((path) => !known.has(path) && !isLitterPath(path));
}

/** A file that the manifest lists, and its state. */
interface FoundFile {
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
  readonly stats: FileState;
}

async function otherContent(entry: string, files: readonly FoundFile[]): Promise<readonly string[]> {
  const now = await mapConcurrently(files, atOnce, ({ path, size }) => digestFile(join(entry, path), size));
  return files.filter(({ digest }, at) => digest !== now[at]).map(({ path }) => path);
}

/**
 * Makes the manifest newer than the files that were read; content and its time stay. False where one of them has changed
 * meanwhile: it is the newest then.
 */
function sealAgain(entry: string, files: readonly FoundFile[]): boolean {
  try {
    touch(join(entry, manifestName));
    const moved = files
      .map(({ path, stats }) => ({ path: join(entry, path), before: stats.ctimeMs }))
      .filter(({ path, before }) => statIfPresent(path)?.ctimeMs !== before);
    for (const { path } of moved) touch(path);
    return moved.length === 0;
  } catch {
    // A read-only disk, or somebody else's store: the next look reads again.
    return true;
  }
}

/** Changes nothing but the time at which something was changed. */
function touch(path: string): void {
  chmodSync(path, statSync(path).mode & 0o7777);
}
