import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Files } from './export-format.ts';

/**
 * Writes files into a folder, which is made if need be, as are folders in it.
 *
 * @param folder - absolute path
 * @param files - by name, or path in the folder
 */
export function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
