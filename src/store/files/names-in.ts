import { readdirSync } from 'node:fs';

/**
 * Lists a folder.
 *
 * @param folder - the folder
 * @returns the names in it; none where it is not there, or no folder
 * @throws the system's error where it may not be read
 */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
