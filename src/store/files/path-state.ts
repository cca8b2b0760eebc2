import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import type { Digest } from '../../core/plan.ts';
import { manifestName } from '../layout.ts';
import { isListedFolder, walkFolder, type LinkRule } from './list-folder.ts';
import { statIfPresent } from './stat-if-present.ts';

/** The state of a file, or of all files of a folder, as far as it is known without reading them. */
export interface PathState {
  /** Digest of what differs as soon as the content does: their paths, sizes, times and inodes. */
  readonly digest: Digest;
  /** Of each file: when its inode changed, in milliseconds, and how many names it has. */
  readonly inodes: Float64Array;
}

/** Numbers of each file in {@link PathState.inodes}. */
const each = 2;

/**
 * Looks at the state of a file, or of a folder's files.
 *
 * @param path - the file or folder
 * @param rule - `open` for a user's; `closed` for a result, whose manifest is left out: others may make it the newest again
 * @param except - a folder in it that is passed over
 * @returns the state; undefined where there is nothing
 * @throws the system's error where it cannot be looked at
 */
export function pathState(path: string, rule: LinkRule, except?: string): PathState | undefined {
  const stats = statIfPresent(path);
  if (!stats) return undefined;
  const items = stats.isDirectory() ? walkFolder(path, rule, except && realpathSync(except)) : [{ path, stats }];
  const sum = createHash('sha256');
  const inodes: number[] = [];
  for (const item of items) {
    if (isListedFolder(item) || (rule === 'closed' && item.path === manifestName)) continue;
    const { size, mtimeMs, ino, ctimeMs, nlink } = item.stats;
    sum.update(JSON.stringify([item.path, size, mtimeMs, ino]));
    inodes.push(ctimeMs, nlink);
  }
  return { digest: sum.digest('hex'), inodes: Float64Array.from(inodes) };
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
  if (before.digest !== after.digest) return false;
  const [a, b] = [before.inodes, after.inodes];
  for (let at = 0; at < a.length; at += each) if (a[at] !== b[at] && a[at + 1] === 1 && b[at + 1] === 1) return false;
  return true;
}
