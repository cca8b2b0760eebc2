import { accessSync, constants, existsSync, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { FailureError } from '../../core/failure.ts';
import { writeObstacle } from '../../util/write-obstacle.ts';
import { writeWhole } from '../../util/write-whole.ts';

/**
 * Says whether anything stands at a path; a link that leads nowhere does.
 *
 * @param path - absolute path
 * @returns false where a new file could be made
 */
export function isTaken(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A part of the path is no folder: `requireCreatable` says so.
    return false;
  }
}

/** Says why a file cannot be made. */
function unwritable(file: string, error: unknown): FailureError {
  const { message } = writeObstacle(dirname(file), error) as Error;
  const expected = 'a folder that may be written, on a disk with room';
  return new FailureError([
    { code: 'unwritable-file', message: `cannot write the file: ${message}`, place: { file }, expected },
  ]);
}

/**
 * Makes sure that a file can be made: its folder may be written, or made in the nearest one that there is. Nothing is made.
 *
 * @param path - absolute path
 * @param file - the path as failures show it
 * @throws FailureError when it cannot
 */
export function requireCreatable(path: string, file: string): void {
  try {
    let nearest = dirname(path);
    while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
    if (!statSync(nearest).isDirectory()) throw new Error(`${nearest} is not a folder`);
    accessSync(nearest, constants.W_OK);
  } catch (error) {
    throw unwritable(file, error);
  }
}

/**
 * Writes a file that kdpipe owns as a whole, in one step; its folder is made.
 *
 * @param path - absolute path
 * @param file - the path as failures show it
 * @param text - its content
 * @throws FailureError when it cannot be written
 */
export function writeOwn(path: string, file: string, text: string): void {
  try {
    writeWhole(path, text);
  } catch (error) {
    throw unwritable(file, error);
  }
}
