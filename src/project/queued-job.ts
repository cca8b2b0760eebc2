import { resolve } from 'node:path';
import { runJob } from '../executors/command/run-job.ts';
import { executors } from '../executors/registry.ts';
import { kinds } from '../stages/registry.ts';
import { openStore } from '../store/local.ts';

/**
 * Runs a job that `run` has submitted by the command lines of a pipeline, in worker processes of this machine.
 *
 * @param folder - the job's folder, in the record of the run
 * @param signal - aborted to save what there is and stop
 * @returns `done` where each cell has a result
 * @throws FailureError where the folder describes no job
 */
export const queuedJob = (folder: string, signal: AbortSignal): Promise<'done' | 'failed' | 'interrupted'> =>
  runJob(resolve(folder), { openStore, kinds, executor: executors.local.create, interrupt: signal });
