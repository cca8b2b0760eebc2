import { readdirSync, readFileSync } from 'node:fs';

/** A shared mapping that may be written to: `7f… rw-s 00000000 00:1b 1234 /path`. */
const sharedAndWritable = /^\S+ .w.s \S+ \S+ (\d+)/gm;

/**
 * Finds the files that some process has mapped into its memory to write to them, as numpy.memmap, HDF5 and LMDB do. Such a
 * file may change at any moment without a new time: the system sets it when a page becomes dirty, not at each store.
 *
 * @returns their inodes, without their disks; none where the system does not tell (other systems than Linux), and without
 *   those of processes that are not ours to look at
 */
export function mappedInodes(): ReadonlySet<number> {
  const inodes = new Set<number>();
  for (const pid of namesOf('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const [, inode] of textOf(`/proc/${pid}/maps`).matchAll(sharedAndWritable)) inodes.add(Number(inode));
  }
  return inodes;
}

function namesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // Gone, or of another user.
    return '';
  }
}
