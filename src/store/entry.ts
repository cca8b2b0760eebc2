import { readFileSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { fail } from '../core/failure.ts';
import type { Key } from '../core/plan.ts';
import { manifestName } from './layout.ts';
import { digestFileSync } from './files/digest-file.ts';
import { statIfPresent } from './files/stat-if-present.ts';
import { parseManifest, type ManifestFiles } from './manifest.ts';
import type { Entry, Manifest } from './store.ts';

/** State of a file or folder that differs as soon as somebody changes it: size, mtime in milliseconds, inode. */
export type Stamp = readonly [size: number, modified: number, inode: number];

/** Stamps of what lies in an entry, by path relative to it. */
export type Stamps = readonly (readonly [path: string, stamp: Stamp])[];

/** What was seen when an entry was found valid. While all stamps are the same, it still is. */
export interface Hint {
  readonly manifest: Stamp;
  /** The entry's folders by relative path. A file that is removed or added changes the stamp of its folder. */
  readonly folders: Stamps;
  /** Its files; one that is written to in place changes nothing else. */
  readonly files: Stamps;
  readonly outputs: Entry['outputs'];
}

const stampIn = ({ size, mtimeMs, ino }: Stats): Stamp => [size, mtimeMs, ino];

/**
 * Looks at a file or folder.
 *
 * @param path - where it should be
 * @returns its stamp; undefined when nothing is there
 */
export function stampOf(path: string): Stamp | undefined {
  const stats = statIfPresent(path);
  return stats && stampIn(stats);
}

const same = (a: Stamp, b: Stamp | undefined): boolean => a[0] === b?.[0] && a[1] === b[1] && a[2] === b[2];

/**
 * Tells whether nothing has changed since a hint was written.
 *
 * @param hint - the hint
 * @param entry - path of the entry
 * @param manifest - stamp of its manifest as it is now
 * @returns true when the entry is still valid
 */
export function holds(hint: Hint, entry: string, manifest: Stamp): boolean {
  if (!same(hint.manifest, manifest)) return false;
  for (const stamps of [hint.folders, hint.files])
    for (const [path, stamp] of stamps)
      if (!same(stamp, stampOf(path === '' ? entry : `${entry}/${path}`))) return false;
  return true;
}

/** All folders that hold files or are outputs themselves, and those above them; '' is the entry. */
function foldersOf({ files, outputs }: Manifest, isFolder: (path: string) => boolean): ReadonlySet<string> {
  const folders = new Set(['']);
  const add = (path: string): void => {
    for (let folder = path; folder !== '.' && !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  };
  for (const { path } of files) add(dirname(path));
  for (const { path } of Object.values(outputs)) if (isFolder(path)) add(path);
  return folders;
}

/**
 * Reads an entry's manifest.
 *
 * @param entry - path of the entry
 * @param key - its key
 * @returns the manifest; undefined when there is none, or a damaged one
 */
export function readManifest(entry: string, key: Key): Manifest | undefined {
  try {
    return parseManifest(readFileSync(`${entry}/${manifestName}`, 'utf8'), key);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/**
 * Checks an entry in full, short of reading its files: the manifest is whole, and all that it lists is there with
 * the right size. A file that is not as it was seen before is read.
 *
 * @param entry - path of the entry
 * @param key - its key
 * @param manifest - stamp of its manifest, taken before
 * @param before - what was seen of it before, if anything
 * @returns what was seen; undefined when the entry is not valid
 */
export function validate(entry: string, key: Key, manifest: Stamp, before?: Hint): Hint | undefined {
  const content = readManifest(entry, key);
  if (!content) return undefined;
  const isFolder = (path: string): boolean => content.files.every((file) => file.path !== path);
  // Stamps come first: what changes while the files are looked at leaves a stamp that does not hold.
  const folders: [string, Stamp][] = [];
  for (const path of foldersOf(content, isFolder)) {
    const stamp = stampOf(`${entry}/${path}`);
    if (!stamp) return undefined;
    folders.push([path, stamp]);
  }
  // Of a copy of the store nothing is as it was.
  const known = new Map(before && same(before.manifest, manifest) ? before.files : []);
  const files: [string, Stamp][] = [];
  for (const file of content.files) {
    const stamp = fileStamp(entry, file, known.get(file.path));
    if (!stamp) return undefined;
    files.push([file.path, stamp]);
  }
  return { manifest, folders, files, outputs: content.outputs };
}

/** The stamp of a file that is as the manifest says; where it has been touched since it was seen, its content is too. */
function fileStamp(entry: string, file: ManifestFiles[number], before: Stamp | undefined): Stamp | undefined {
  const path = `${entry}/${file.path}`;
  const stats = statIfPresent(path);
  if (!stats?.isFile() || stats.size !== file.size) return undefined;
  const stamp = stampIn(stats);
  return !before || same(before, stamp) || digestFileSync(path) === file.digest ? stamp : undefined;
}

/**
 * Makes an entry out of what is known of it.
 *
 * @param key - its key
 * @param path - absolute path
 * @param outputs - from its manifest
 * @returns the entry; its manifest is read when asked for
 */
export function makeEntry(key: Key, path: string, outputs: Entry['outputs']): Entry {
  return { key, path, outputs, manifest: () => readManifest(path, key) ?? refuseLost(key, path) };
}

function refuseLost(key: Key, path: string): never {
  return fail({
    code: 'lost-entry',
    message: `the result ${key.slice(0, 12)} was in the store a moment ago, and its manifest cannot be read any more`,
    place: { file: path },
    expected: 'a store from which nobody removes results while a run reads them',
    fix: 'run again: what is missing is made anew',
  });
}
