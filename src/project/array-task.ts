import { resolve } from 'node:path';
import { executors } from '../executors/registry.ts';
import { runArrayTask, type ArrayTaskEnd } from '../scheduler/cluster/array-task.ts';
import { kinds } from '../stages/registry.ts';
import { openStore } from '../store/local.ts';

/** What a task of an array gets from whoever started it. */
export interface ArrayTaskPlace {
  /** Id of the job, as the queue knows it, and how often it was started anew. */
  readonly job: string;
  readonly restarts: number;
  /** Threads that the task may use. */
  readonly threads: number;
  /** Aborted to save what there is and stop. */
  readonly signal: AbortSignal;
  /** Aborted, too, where that is because the time of the job is nearly over. */
  readonly timeUp: AbortSignal;
}

/**
 * Runs one task of an array that `run` has submitted to a cluster, in worker processes of this machine.
 *
 * @param folder - the array's folder, in the record of the run
 * @param index - of the task
 * @param place - what it runs with
 * @returns `done` where each cell has a result; `interrupted` where it left no word: it may be started again
 * @throws FailureError when there is no such task
 */
export async function arrayTask(
  folder: string,
  index: number,
  place: ArrayTaskPlace,
): Promise<Exclude<ArrayTaskEnd, 'busy'>> {
  const executor = executors.local.create;
  const end = await runArrayTask(resolve(folder), index, {
    ...place,
    openStore,
    kinds,
    executor,
    interrupt: place.signal,
  });
  return end === 'busy' ? 'interrupted' : end;
}
