import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Does something that needs the parent folder of a path, and makes that folder only when it is missing.
 *
 * @param path - what `action` creates
 * @param action - fails with ENOENT where the folder is missing
 * @returns what `action` returns
 */
export function withParent<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return action();
  }
}

/**
 * Replaces a file in one rename, its folder made when missing: whoever reads it sees the old text or the new one. Not
 * flushed: for files that can be made again.
 *
 * @param file - path of the file
 * @param text - its new content
 * @throws the system's error; the old file is then as it was
 */
export function writeWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  withParent(draft, () => writeFileSync(draft, text));
  renameSync(draft, file);
}
