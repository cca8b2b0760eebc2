import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Adds up the sizes of the files in a folder and its folders, also while somebody else writes and removes them.
 *
 * @param folder - the folder
 * @returns bytes; 0 where there is no such folder, or it changes too fast
 */
export function bytesIn(folder: string): number {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const sizes = files.map(
      ({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false })?.size,
    );
    return sizes.reduce((bytes: number, size = 0) => bytes + size, 0);
  } catch {
    return 0;
  }
}
