import type { TaskMessage, WorkerTask } from '../core/task.ts';
import type { Executor, ExecutorOptions, RunningTask } from './executor.ts';
import { LocalResources } from './local-resources.ts';

/** A task that runs on this machine. */
export interface LocalTask extends RunningTask {
  /** Says how many threads its process may use from now on. */
  resize(threads: number): void;
}

/** Runs one task with the threads and GPUs that it was given. */
type RunTask = (task: WorkerTask, tell: (message: TaskMessage) => void) => LocalTask;

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
      const started: LocalTask[] = [];
      // Those that start together are of one process, which needs to hear it once.
      const resize = (threads: number): void => started[0]?.resize(threads);
      const { releasers, threads, gpus } = resources.allocate(tasks, { waiting, resize });
      tasks.forEach((task, at) => {
        const release = (): void => releasers[at]?.();
        const running = run({ ...task, threads, gpus }, (message) => {
          if (message.type === 'committing') release();
          tell(task.cell, message);
        });
        started.push({
          result: running.result.finally(release),
          interrupt: () => running.interrupt(),
          kill: () => running.kill(),
          resize: (threads) => running.resize(threads),
        });
      });
      return started;
    },
  };
}
