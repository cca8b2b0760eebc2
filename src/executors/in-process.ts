import { executeTask, type TaskDeps } from '../worker/execute.ts';
import type { Executor } from './executor.ts';
import { CohortBarriers } from '../worker/cohort-barrier.ts';
import { watchGroups } from './groups.ts';

/** What tasks of this process share. */
export type SharedDeps = Omit<TaskDeps, 'signal' | 'tell' | 'barriers'>;

/**
 * Runs tasks in this process: for tests, and for a debugger.
 *
 * @param shared - store and kinds
 * @returns the executor
 */
export function createInProcess(shared: SharedDeps): Executor {
  const running = new Set<AbortController>();
  const barriers = new CohortBarriers();
  return {
    start: (task, listener) => {
      const stop = new AbortController();
      const groups = watchGroups(listener);
      running.add(stop);
      const result = executeTask(task, { ...shared, barriers, signal: stop.signal, tell: groups.tell });
      void result.finally(() => running.delete(stop));
      return {
        result,
        interrupt: () => stop.abort(),
        kill: () => {
          stop.abort();
          groups.kill();
        },
      };
    },
    close: () => {
      for (const stop of running) stop.abort();
      return Promise.resolve();
    },
  };
}
