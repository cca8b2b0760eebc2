import { createHash } from 'node:crypto';
import { closeSync, fsync, openSync, read, readFileSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Digest } from '../../core/plan.ts';
import { sha256 } from '../../fingerprint/digest.ts';

const readInto = promisify(read);
const flush = promisify(fsync);

/** Up to this size a file is read and digested at once: cheaper than going through the thread pool. Bytes. */
const small = 2 ** 18;
/** Bytes of a larger file that are in memory at once. */
const chunk = 2 ** 20;

/** Follows how much is read: a data set of terabytes takes hours. */
export interface ReadWatch {
  /** Told how many bytes more are to be read. */
  ahead(bytes: number): void;
  /** Told how many bytes have been read. */
  read(bytes: number): void;
}

/**
 * Digests a file, a large one piece by piece.
 *
 * @param path - the file
 * @param size - its size in bytes, as far as known; only decides how it is read
 * @param watch - told what is read of a large one
 * @returns SHA-256 of its bytes
 */
export async function digestFile(path: string, size: number, watch?: ReadWatch): Promise<Digest> {
  if (size <= small) return sha256(readFileSync(path));
  const file = openSync(path, 'r');
  try {
    const sum = createHash('sha256');
    const bytes = Buffer.allocUnsafe(chunk);
    for (;;) {
      const { bytesRead } = await readInto(file, bytes, 0, chunk, null);
      if (bytesRead === 0) return sum.digest('hex');
      sum.update(bytes.subarray(0, bytesRead));
      watch?.read(bytesRead);
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Digests a file without giving way: for the rare one whose answer is waited for.
 *
 * @param path - the file
 * @returns SHA-256 of its bytes
 */
export function digestFileSync(path: string): Digest {
  const file = openSync(path, 'r');
  try {
    const sum = createHash('sha256');
    const bytes = Buffer.allocUnsafe(chunk);
    for (;;) {
      const bytesRead = readSync(file, bytes);
      if (bytesRead === 0) return sum.digest('hex');
      sum.update(bytes.subarray(0, bytesRead));
    }
  } finally {
    closeSync(file);
  }
}

/**
 * Returns when a file's content, or a folder's list of names, is on the disk and not only in memory.
 *
 * @param path - the file or folder
 */
export async function syncToDisk(path: string): Promise<void> {
  const file = openSync(path, 'r');
  try {
    await flush(file);
  } catch (error) {
    // Some network file systems cannot flush folders; they order renames themselves.
    if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(file);
  }
}
