import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Finds out why something could not be created. Node's recursive `mkdir` says ENOENT on a read-only disk; asking the
 * nearest folder that exists gives the reason.
 *
 * @param path - what was to be created
 * @param error - what the system said
 * @returns the error that says why
 */
export function writeObstacle(path: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return error;
  } catch (reason) {
    return reason;
  }
}
