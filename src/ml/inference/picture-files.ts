import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../core/failure.ts';
import { isReadByName, READ_FORMATS } from '../data/pictures/formats.ts';

/** Pictures in a folder and those below it, by their names. */
function picturesIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory() && isReadByName(entry.name));
  return files.map(({ parentPath, name }) => join(parentPath, name)).sort();
}

/**
 * Files of pictures.
 *
 * @param path - a file, whatever its name; or a folder, which stands for the pictures in it and below
 * @returns paths
 * @throws FailureError `no-such-picture`
 */
export function pictureFiles(path: string): readonly string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isDirectory()) return [path];
  const found = stats ? picturesIn(path) : [];
  if (found.length > 0) return found;
  return fail({
    code: 'no-such-picture',
    message: stats ? `no picture lies in ${path}` : `there is no ${path}`,
    expected: `a file, or a folder with ${READ_FORMATS} files`,
  });
}
