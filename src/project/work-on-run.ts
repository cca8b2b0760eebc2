import type { CellId, Resources } from '../core/plan.ts';
import { findGpus } from '../executors/gpus.ts';
import { executors } from '../executors/registry.ts';
import { work, type WorkEnd } from '../scheduler/cluster/worker/work.ts';
import { submittedOf } from '../scheduler/cluster/attach-run.ts';
import { kinds } from '../stages/registry.ts';
import { openStore } from '../store/local.ts';

export type { WorkEnd };

/** What a worker gets from whoever started it. */
export interface WorkerPlace {
  /** Id of the job that it is of. */
  readonly job: string;
  /** Cores, and MiB of memory; 0 where that is not known. */
  readonly threads: number;
  readonly memory: number;
  /** Told of each task that it has run. */
  readonly onTask: (cells: readonly CellId[], end: 'done' | 'failed') => void;
  /** Aborted to save what there is and stop. */
  readonly signal: AbortSignal;
}

/**
 * Runs tasks of a run that was submitted to a cluster, in worker processes of this machine, until nothing is left that it could run.
 *
 * @param folder - absolute path of the run's folder
 * @param place - what it works with
 * @returns what it has done, and what is left
 * @throws FailureError `not-on-a-cluster` where the run was not submitted
 */
export async function workOnRun(folder: string, place: WorkerPlace): Promise<WorkEnd> {
  submittedOf(folder);
  const { job, threads, memory, onTask, signal: interrupt } = place;
  const gpus = await findGpus(process.env);
  const has: Resources = { cpu: threads, gpu: gpus.length, memory };
  const executor = executors.local.create;
  return work(folder, { openStore, kinds, executor, job, threads, has, onTask, interrupt });
}
