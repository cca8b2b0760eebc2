import { realpathSync } from 'node:fs';
import type { Digest } from '../../core/plan.ts';
import { sha256 } from '../../fingerprint/digest.ts';
import { byCodeUnits } from '../../util/text.ts';
import { manifestName } from '../layout.ts';
import { listFolder, type FileState, type LinkRule } from './list-folder.ts';
import { statIfPresent } from './stat-if-present.ts';

/** The state of a file, or of all files of a folder, as far as it is known without reading them. */
export interface PathState {
  /** Digest of their paths. */
  readonly paths: Digest;
  /** Five numbers a file, so that a million of them have room. */
  readonly numbers: Float64Array;
}

const numbersOf = ({ size, mtimeMs, ino, ctimeMs, nlink }: FileState): readonly number[] => [
  size,
  mtimeMs,
  ino,
  ctimeMs,
  nlink,
];
/** How many numbers of a file differ as soon as its content does; then the time of its inode, and how many names it has. */
const own = 3;
const each = 5;

/**
 * Looks at the state of a file, or of a folder's files.
 *
 * @param path - the file or folder
 * @param rule - `open` for a user's; `closed` for a result, whose manifest is left out: others may make it the newest again
 * @param except - a folder in it that is passed over
 * @returns the state; undefined where it cannot be looked at
 */
export function pathState(path: string, rule: LinkRule, except?: string): PathState | undefined {
  try {
    const stats = statIfPresent(path);
    if (!stats) return undefined;
    const listed = stats.isDirectory()
      ? listFolder(path, rule, except && realpathSync(except)).files
      : [{ path, stats }];
    const files = listed
      .filter((file) => rule === 'open' || file.path !== manifestName)
      .sort((a, b) => byCodeUnits(a.path, b.path));
    const numbers = new Float64Array(files.length * each);
    for (const [at, file] of files.entries()) numbers.set(numbersOf(file.stats), at * each);
    return { paths: sha256(files.map((file) => file.path).join('\n')), numbers };
  } catch {
    return undefined;
  }
}

/**
 * Tells whether a file, or a folder's files, can have been changed between two looks: also what is put back has other times,
 * or is another file. The time of the inode cannot be set back; but where a file has got or lost names, as by backups that
 * make hard links, it says nothing.
 *
 * @param before - the first look
 * @param after - the second
 * @returns true where nothing has changed
 */
export function isSameState(before: PathState | undefined, after: PathState | undefined): boolean {
  if (!before || !after) return before === after;
  if (before.paths !== after.paths) return false;
  const [a, b] = [before.numbers, after.numbers];
  for (let file = 0; file < a.length; file += each) {
    for (let at = file; at < file + own; at++) if (a[at] !== b[at]) return false;
    const [changed, names] = [file + own, file + own + 1];
    if (a[changed] !== b[changed] && a[names] === 1 && b[names] === 1) return false;
  }
  return true;
}
