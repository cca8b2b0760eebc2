import { clusters } from '../executors/registry.ts';
import type { EventSink, RunStatus } from '../core/event.ts';
import { cellStatuses, type RunState } from '../core/run-state.ts';
import { readSubmitted } from '../record/arrays.ts';
import { attachRun, cancelRun } from '../scheduler/cluster/attach-run.ts';
import { waitingTasks, type WaitingTasks } from '../scheduler/cluster/waiting-jobs.ts';
import type { Project } from './project.ts';

export type { WaitingTasks };

/**
 * Tells runs on a cluster from those of this machine.
 *
 * @param folder - a run's folder
 * @returns true for one that was submitted
 */
export const isOnCluster = (folder: string): boolean => readSubmitted(folder) !== undefined;

/** Who takes the events of a run. */
export interface ClusterRunOptions {
  readonly onEvent: EventSink;
  /** Aborted to look no longer; the run goes on. */
  readonly signal: AbortSignal;
  /** The command line, for the record. */
  readonly command: string;
}

/**
 * Follows a run on a cluster to its end, in place of the process that submitted it.
 *
 * @param project - the working folder
 * @param folder - the run's folder
 * @param options - who takes the events
 * @returns how it ended; `left` where it was told to look no longer
 * @throws FailureError `run-followed` where another process follows it
 */
export async function followOnCluster(
  project: Project,
  folder: string,
  options: ClusterRunOptions,
): Promise<RunStatus | 'left'> {
  return attachRun(folder, { ...options, store: project.store, cluster: await clusters.slurm.create() });
}

/**
 * Asks the queue of a cluster what the tasks of a run wait for.
 *
 * @param folder - path of the run's folder
 * @param state - how far the run is
 * @returns tasks by job and reason; undefined for a run that has ended, or of this machine, and where the queue does not answer at once
 */
export async function waitingOnCluster(folder: string, state: RunState): Promise<readonly WaitingTasks[] | undefined> {
  if (state.ended || !isOnCluster(folder)) return undefined;
  return waitingTasks(folder, cellStatuses(state), await clusters.slurm.create());
}

/**
 * Cancels a run on a cluster.
 *
 * @param folder - the run's folder
 * @returns how many job arrays were cancelled
 * @throws FailureError where the cluster does not answer
 */
export async function cancelOnCluster(folder: string): Promise<number> {
  return cancelRun(folder, await clusters.slurm.create());
}
