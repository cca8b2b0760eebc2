import type { TaskMessage, WorkerTask } from '../core/task.ts';
import type { Executor, ExecutorOptions, RunningTask } from './executor.ts';
import { LocalResources } from './local-resources.ts';

/** Runs one task with the threads and GPUs that it was given. */
type RunTask = (task: WorkerTask, tell: (message: TaskMessage) => void) => RunningTask;

/**
 * What the executors of this machine have in common: each task gets its part of the cores and GPUs, until it has ended
 * or its result is being written. Disks wait longer than they work.
 *
 * @param options - slots, GPUs and threads
 * @param run - runs one task
 * @returns capacity and start of an executor
 */
export function startLocally(options: ExecutorOptions, run: RunTask): Pick<Executor, 'capacity' | 'start'> {
  const resources = new LocalResources(options);
  return {
    capacity: resources.capacity,
    start: (tasks, { waiting, tell }) => {
      const { releasers, threads, gpus } = resources.allocate(tasks, { waiting });
      return tasks.map((task, at) => {
        const release = (): void => releasers[at]?.();
        const running = run({ ...task, threads, gpus }, (message) => {
          if (message.type === 'committing') release();
          tell(task.cell, message);
        });
        return {
          result: running.result.finally(release),
          interrupt: () => running.interrupt(),
          kill: () => running.kill(),
        };
      });
    },
  };
}
