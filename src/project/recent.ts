import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../core/failure.ts';
import { latestReadable, listRuns, readRun, type ReadableRun } from '../record/past-runs.ts';

/**
 * Names of the folders of `runs/` that hold runs.
 *
 * @param runsFolder - path of `runs/`
 * @returns names of pipelines; empty when nothing was run
 */
export function pipelinesIn(runsFolder: string): readonly string[] {
  try {
    return readdirSync(runsFolder).filter(
      (name) => !name.startsWith('.') && statSync(join(runsFolder, name)).isDirectory(),
    );
  } catch {
    return [];
  }
}

/**
 * Finds a run in the working folder's record.
 *
 * @param runsFolder - path of `runs/`
 * @param wanted - a pipeline's name (its latest run), the name of a run, or nothing: the latest run of all
 * @returns the run; where not one run is named, the latest whose record is whole
 * @throws FailureError when there is none, or none whose record is whole
 */
export function recentRun(runsFolder: string, wanted?: string): ReadableRun {
  const found = pipelinesIn(runsFolder)
    .flatMap((pipeline) => listRuns(runsFolder, pipeline).map((run) => ({ pipeline, run })))
    .filter(({ pipeline, run }) => wanted === undefined || pipeline === wanted || run === wanted)
    .sort((a, b) => (a.run < b.run ? -1 : 1))
    .map(({ pipeline, run }) => join(runsFolder, pipeline, run));
  const latest = found.at(-1);
  if (latest !== undefined) return latestReadable(found) ?? { ...readRun(latest), damaged: [] };
  return fail({
    code: 'no-run',
    message:
      wanted === undefined ? 'nothing has been run here yet' : `there is no run or pipeline called ${wanted} here`,
    expected: `a folder runs/<pipeline>/<run>`,
    fix: 'kdpipe run pipelines/<name>.yaml',
  });
}
