import { readdirSync, readFileSync } from 'node:fs';

/**
 * Lists a folder, for whoever can do without.
 *
 * @param folder - the folder
 * @returns the names in it; none where it is not there, no folder, or not ours to read
 */
export function namesIfReadable(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * Reads a file, for whoever can do without.
 *
 * @param file - the file
 * @param encoding - latin1 where its bytes are what counts
 * @returns its text; an empty one where it is gone, no file, or not ours to read
 */
export function textIfReadable(file: string, encoding: 'utf8' | 'latin1'): string {
  try {
    return readFileSync(file, encoding);
  } catch {
    return '';
  }
}
