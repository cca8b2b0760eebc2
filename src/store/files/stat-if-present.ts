import { statSync, type Stats } from 'node:fs';

const quiet = { throwIfNoEntry: false } as const;

/**
 * Asks for the state of a file or folder; links are followed.
 *
 * @param path - where it should be
 * @returns its state; undefined when nothing is there, also where a folder of the path is a file
 * @throws the system's error when it may not be looked at
 */
export function statIfPresent(path: string): Stats | undefined {
  try {
    return statSync(path, quiet);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
