import { randomUUID } from 'node:crypto';
import { accessSync, closeSync, constants, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Linux's file system in memory. */
const FOLDER = '/dev/shm';

/**
 * Copies values to the beginning of shared memory.
 *
 * @param descriptor - of its file
 * @param values - no more than it has room for
 * @returns false where the file system is full
 */
export function writeShared(descriptor: number, values: Float32Array | Uint8Array): boolean {
  try {
    for (let at = 0; at < values.byteLength;) at += writeSync(descriptor, values, at, values.byteLength - at, at);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}

/** Memory that another process may map: a file that lies on no disk. */
export class SharedMemory {
  readonly path: string;
  readonly bytes: number;
  /** The file, open: to all threads of this process. */
  readonly descriptor: number;
  readonly #onClose: (() => void)[] = [];
  #isNamed = true;

  private constructor(bytes: number, folder: string) {
    this.path = join(folder, `kdpipe-${process.pid}-${randomUUID()}`);
    this.bytes = bytes;
    this.descriptor = openSync(this.path, 'wx+', 0o600);
    ftruncateSync(this.descriptor, bytes);
  }

  /**
   * Makes some. It takes room once it is written to.
   *
   * @param bytes - how much
   * @param folder - of a file system in memory
   * @returns the memory; undefined where there is no such file system, or nothing may be written there
   */
  static make(bytes: number, folder = FOLDER): SharedMemory | undefined {
    try {
      accessSync(folder, constants.W_OK);
      return new SharedMemory(bytes, folder);
    } catch {
      return undefined;
    }
  }

  /**
   * Copies values to its beginning.
   *
   * @param values - no more than it has room for
   * @returns false where the file system is full
   */
  write(values: Float32Array | Uint8Array): boolean {
    return writeShared(this.descriptor, values);
  }

  /** Takes its name away, once whoever is to map it has: then it goes with the last of its users, however these end. */
  unname(): void {
    if (this.#isNamed) unlinkSync(this.path);
    this.#isNamed = false;
  }

  /** Has something done when it is closed: whoever has mapped it lets go of it. */
  onClose(listener: () => void): void {
    this.#onClose.push(listener);
  }

  close(): void {
    this.unname();
    for (const listener of this.#onClose.splice(0)) listener();
    closeSync(this.descriptor);
  }
}
