import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { fail } from '../../core/failure.ts';

/**
 * Refuses a packed dataset.
 *
 * @param file - the file that is wrong
 * @param message - what is wrong with it
 * @returns never
 * @throws FailureError `damaged-dataset` always
 */
export function failDamaged(file: string, message: string): never {
  return fail({
    code: 'damaged-dataset',
    message: `packed dataset ${file}: ${message}`,
    place: { file },
    expected: 'a folder as the dataset stage wrote it',
    fix: 'run `kdpipe verify`, then the dataset stage again with --force',
  });
}

/**
 * Reads a whole file.
 *
 * @param file - absolute path
 * @returns its bytes
 * @throws FailureError `damaged-dataset`
 */
export function fileBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    return failDamaged(file, `can't be read: ${(error as Error).message}`);
  }
}

/**
 * Reads a JSON file.
 *
 * @param file - absolute path
 * @returns its value
 * @throws FailureError `damaged-dataset`
 */
export function parseJson(file: string): unknown {
  const text = fileBytes(file).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return failDamaged(file, 'is not JSON');
  }
}

/**
 * Reads a file of so many bytes into an own, aligned buffer.
 *
 * @param file - absolute path
 * @param size - wanted, in bytes
 * @param mayBeEmpty - true where none will do as well
 * @returns its bytes
 * @throws FailureError `damaged-dataset`
 */
export function alignedBytes(file: string, size: number, mayBeEmpty = false): ArrayBuffer {
  const bytes = fileBytes(file);
  if (bytes.length !== size && !(mayBeEmpty && bytes.length === 0))
    failDamaged(file, `has ${bytes.length} bytes instead of ${size}`);
  return new Uint8Array(bytes).buffer;
}

/**
 * Opens a file whose size is known.
 *
 * @param file - absolute path
 * @param size - wanted, in bytes
 * @returns its descriptor, to be closed
 * @throws FailureError `damaged-dataset`
 */
export function openSized(file: string, size: number): number {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    return failDamaged(file, `can't be read: ${(error as Error).message}`);
  }
  const found = fstatSync(descriptor).size;
  if (found === size) return descriptor;
  closeSync(descriptor);
  return failDamaged(file, `has ${found} bytes instead of ${size}`);
}

/** A file of pixels: gives `length` bytes from `offset`. */
export interface PixelFile {
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

/**
 * Opens a file of pixels.
 *
 * @param file - absolute path
 * @param size - wanted, in bytes
 * @param inMemory - largest size that is read at once
 * @returns reads it
 * @throws FailureError `damaged-dataset`
 */
export function openPixels(file: string, size: number, inMemory: number): PixelFile {
  const descriptor = openSized(file, size);
  if (size <= inMemory) {
    const all = readFileSync(descriptor);
    closeSync(descriptor);
    return { read: (offset, length) => all.subarray(offset, offset + length), close: () => undefined };
  }
  let shared = new Uint8Array(0);
  const read = (offset: number, length: number): Uint8Array => {
    if (shared.length < length) shared = new Uint8Array(length);
    const got = readSync(descriptor, shared, 0, length, offset);
    return got === length ? shared.subarray(0, length) : failDamaged(file, `ends at ${offset + got}`);
  };
  return { read, close: () => closeSync(descriptor) };
}
