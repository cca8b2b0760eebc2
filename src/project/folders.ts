import { join } from 'node:path';

/** Where a project keeps what it makes. */
export interface Folders {
  /** `runs/`: records of runs. */
  readonly runs: string;
  /** `runs/.store/`: results. */
  readonly store: string;
}

/**
 * Names the folders of a project; none is made.
 *
 * @param root - absolute path of the working folder
 * @returns absolute paths
 */
export function foldersOf(root: string): Folders {
  const runs = join(root, 'runs');
  return { runs, store: join(runs, '.store') };
}
