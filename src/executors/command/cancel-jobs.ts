import type { QueueCommands } from '../../core/plan.ts';
import { mapConcurrently } from '../../util/async-pool.ts';
import { readHandle, readJob } from './job-folder.ts';
import { cancelJob, programsAtOnce } from './programs.ts';

/**
 * Ends jobs that no process follows.
 *
 * @param commands - of the user
 * @param folders - of the jobs
 * @returns how many `cancel` has ended, and why others may go on
 */
export async function cancelJobs(
  commands: QueueCommands,
  folders: readonly string[],
): Promise<{ readonly cancelled: number; readonly problems: readonly string[] }> {
  const jobs = folders.flatMap((folder) => {
    const [handle, description] = [readHandle(folder), readJob(folder)];
    return handle !== undefined && description ? [{ handle, cwd: description.cwd }] : [];
  });
  const ends = await mapConcurrently(jobs, programsAtOnce, ({ handle, cwd }) => cancelJob(commands, handle, cwd));
  const problems = ends.filter((problem) => problem !== undefined);
  return { cancelled: jobs.length - problems.length, problems };
}
