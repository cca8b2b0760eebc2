import { cancelJobs } from '../executors/command/cancel-jobs.ts';
import { replayRun, type PastRun } from '../record/past-runs.ts';

/**
 * Ends the jobs that a run has left in a queue when its process died.
 *
 * @param past - the run
 * @returns how many jobs were ended, and why others may go on
 */
export async function cancelQueued(past: Pick<PastRun, 'plan' | 'events'>): ReturnType<typeof cancelJobs> {
  const { plan } = past;
  const folders = replayRun(past).running.flatMap(({ queued }) => queued?.handle ?? []);
  return plan.command ? cancelJobs(plan.command, [...new Set(folders)]) : { cancelled: 0, problems: [] };
}
