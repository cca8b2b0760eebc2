import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** How much of a log's end is looked at; bytes. */
const window = 8192;

/**
 * Reads the end of a text file.
 *
 * @param path - the file; a missing one has no lines
 * @param count - most lines to return
 * @returns the last lines, oldest first, blank lines at the end left out
 */
export function lastLines(path: string, count = 20): readonly string[] {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return [];
    const bytes = Buffer.alloc(Math.min(size, window));
    const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return tailOf(bytes.toString('utf8', 0, read), count);
  } finally {
    closeSync(file);
  }
}

/**
 * The end of a text.
 *
 * @param text - any text
 * @param count - most lines to return
 * @returns the last lines, oldest first, blank lines at the end left out
 */
export function tailOf(text: string, count = 20): readonly string[] {
  const trimmed = text.trimEnd();
  return trimmed === '' ? [] : trimmed.split(/\r?\n/).slice(-count);
}
