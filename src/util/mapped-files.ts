import { namesIfReadable, textIfReadable } from './if-readable.ts';

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
  for (const pid of namesIfReadable('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const [, inode] of textIfReadable(`/proc/${pid}/maps`, 'latin1').matchAll(sharedAndWritable))
      inodes.add(Number(inode));
  }
  return inodes;
}
