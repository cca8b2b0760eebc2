import { executeTask, type TaskSurroundings } from '../worker/execute.ts';
import type { Executor } from './executor.ts';
import { Gatherings } from '../worker/gathering.ts';
import { watchGroups } from './groups.ts';

/** What tasks of this process share. */
export type SharedSurroundings = Omit<TaskSurroundings, 'signal' | 'tell' | 'gatherings'>;

/**
 * Runs tasks in this process: for tests, and for a debugger.
 *
 * @param shared - store and kinds
 * @returns the executor
 */
export function createInProcess(shared: SharedSurroundings): Executor {
  const running = new Set<AbortController>();
  const gatherings = new Gatherings();
  return {
    start: (task, listener) => {
      const stop = new AbortController();
      const groups = watchGroups(listener);
      running.add(stop);
      const result = executeTask(task, { ...shared, gatherings, signal: stop.signal, tell: groups.tell });
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
