import { recentRun } from '../project/recent.ts';
import type { ReadableRun } from '../record/past-runs.ts';
import { printError } from './terminal.ts';

/**
 * Finds a run, and says so where later ones are passed over.
 *
 * @param runsFolder - path of `runs/`
 * @param wanted - a pipeline's name, the name of a run, or nothing: the latest run of all
 * @returns the run
 * @throws FailureError when there is none
 */
export function findRun(runsFolder: string, wanted?: string): ReadableRun {
  const past = recentRun(runsFolder, wanted);
  if (past.damaged.length > 0)
    printError(
      `the record of ${past.damaged.join(', ')} is damaged, so that ${past.run} is shown; finished results are in the store all the same`,
    );
  return past;
}
