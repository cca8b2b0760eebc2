import type { StageResult, TaskMessage, WorkerTask } from '../core/task.ts';
import { CohortBarriers } from '../worker/cohort-barrier.ts';
import { executeTask } from '../worker/execute.ts';
import type { Executor, ExecutorOptions } from './executor.ts';
import { watchGroups } from './groups.ts';
import { limitThreads } from '../util/threads.ts';
import { startLocally, type LocalTask } from './start-locally.ts';

/**
 * Runs tasks in this process: for tests, and for a debugger.
 *
 * @param options - slots, GPUs, store and kinds
 * @returns the executor
 */
export function createInProcess(options: ExecutorOptions): Executor {
  const { store, kinds } = options;
  const running = new Set<AbortController>();
  const barriers = new CohortBarriers();
  const run = (task: WorkerTask, listener: (message: TaskMessage) => void): LocalTask => {
    limitThreads(task.threads);
    const stop = new AbortController();
    const groups = watchGroups(task, listener);
    running.add(stop);
    const deps = { store, kinds, barriers, signal: stop.signal, tell: groups.tell };
    const result: Promise<StageResult> = executeTask(task, deps).finally(() => running.delete(stop));
    const kill = (): void => {
      stop.abort();
      groups.kill();
    };
    return { result, interrupt: () => stop.abort(), kill, resize: limitThreads };
  };
  return {
    ...startLocally(options, run),
    close: () => {
      for (const stop of running) stop.abort();
      return Promise.resolve();
    },
  };
}
