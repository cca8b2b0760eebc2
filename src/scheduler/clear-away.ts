import { join } from 'node:path';
import { latestRun } from '../record/past-runs.ts';
import { sweepStore } from '../store/sweep.ts';
import { sweepTemporary } from '../util/temporary-file.ts';
import type { RunOptions } from './course.ts';

/**
 * Removes what killed runs have left: on a full disk that is the room which this one needs.
 *
 * @param name - of the pipeline
 * @param options - folder of runs, and store
 */
export async function clearAway(name: string, options: Pick<RunOptions, 'runsFolder' | 'store'>): Promise<void> {
  const { runsFolder, store } = options;
  sweepTemporary(join(runsFolder, name));
  // Every run clears the record before its own: so all are cleared, however many there are.
  const before = latestRun(runsFolder, name);
  if (before !== undefined) sweepTemporary(before);
  await sweepStore(store);
}
