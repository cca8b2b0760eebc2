import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryPath } from '../../util/temporary-file.ts';

/** What a folder's disk does; nothing of it is left there. */
export interface DiskFacts {
  /** Bytes a second that are written and flushed. */
  readonly written: number;
  /** Seconds until a small file is written, flushed and renamed, as each result is. */
  readonly commit: number;
  /** Seconds by which the file system's clock is ahead of this machine's. */
  readonly ahead: number;
}

const MEBIBYTE = 2 ** 20;
/** Most that is written, and the time after which no more is; milliseconds. */
const most = { bytes: 64 * MEBIBYTE, milliseconds: 500 };
const commits = 8;

const now = (): number => performance.now();

/** Writes for a while, and flushes. */
function writeRate(file: string): number {
  const piece = Buffer.alloc(4 * MEBIBYTE, 0x5a);
  const descriptor = openSync(file, 'wx');
  try {
    const start = now();
    let bytes = 0;
    while (bytes < most.bytes && now() - start < most.milliseconds) bytes += writeSync(descriptor, piece);
    fsyncSync(descriptor);
    return bytes / ((now() - start) / 1000);
  } finally {
    closeSync(descriptor);
  }
}

function commit(file: string, to: string): void {
  const descriptor = openSync(file, 'wx');
  try {
    writeSync(descriptor, '{}');
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(file, to);
}

/**
 * Writes into a folder for about half a second, and removes what it wrote.
 *
 * @param folder - one that is there
 * @returns what its disk does; null where nothing can be written
 */
export function measureDisk(folder: string): DiskFacts | null {
  const [file, other] = [temporaryPath(join(folder, 'doctor')), temporaryPath(join(folder, 'doctor'))];
  try {
    const written = writeRate(file);
    rmSync(file);
    const start = now();
    for (let at = 0; at < commits; at++) commit(file, other);
    const seconds = (now() - start) / 1000 / commits;
    const clock = Date.now();
    commit(file, other);
    // Between the two looks the file was made: a clock that says so is neither ahead nor behind.
    const { mtimeMs } = statSync(other);
    const [late, early] = [mtimeMs - Date.now(), mtimeMs - clock];
    return { written, commit: seconds, ahead: (late > 0 ? late : early < 0 ? early : 0) / 1000 };
  } catch {
    return null;
  } finally {
    for (const left of [file, other]) if (existsSync(left)) rmSync(left);
  }
}
