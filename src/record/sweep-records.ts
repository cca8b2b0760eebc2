import { existsSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { sweepTemporary } from '../util/temporary-file.ts';
import { listRuns, startOf } from './past-runs.ts';

/** Age at which a record that does not say what was planned is nobody's: its run writes that first. Milliseconds. */
const day = 24 * 3600 * 1000;

/**
 * Removes what killed runs have left half written in the records of a pipeline: files that were to be renamed, and records that
 * never came to be. Whatever else a record holds stays, and so does what cannot be removed: it is only in the way.
 *
 * @param runsFolder - path of `runs/`
 * @param pipeline - the pipeline's name
 * @param now - milliseconds since the Unix epoch
 */
export function sweepRecords(runsFolder: string, pipeline: string, now: number): void {
  sweepTemporary(join(runsFolder, pipeline));
  for (const run of listRuns(runsFolder, pipeline)) {
    const folder = join(runsFolder, pipeline, run);
    sweepTemporary(folder);
    if (now - startOf(run) > day && !existsSync(join(folder, 'plan.json'))) removeEmpty(folder);
  }
}

/** Removes a record that holds nothing at all. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(join(folder, 'stages'));
    rmdirSync(folder);
  } catch {
    // It holds something, or may not be written.
  }
}
