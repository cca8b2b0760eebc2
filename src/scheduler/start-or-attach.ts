import type { StageTask } from '../core/task.ts';
import type { RunningTask, StartOptions } from '../executors/executor.ts';
import type { ScheduleOptions } from './schedule-options.ts';

/**
 * Finds a task again that an earlier run left in the executor's queue, or starts the tasks.
 *
 * @param by - the executor, and what was left
 * @param tasks - one, or those of a cohort
 * @param options - what the executor tells, and to whom
 * @returns the tasks that run now
 */
export function startOrAttach(
  by: Pick<ScheduleOptions, 'executor' | 'handleOf'>,
  tasks: readonly StageTask[],
  options: StartOptions,
): readonly RunningTask[] {
  const { executor, handleOf } = by;
  const [task] = tasks;
  const handle = task && tasks.length === 1 && task.attempt === 1 ? handleOf?.(task.key) : undefined;
  const found = task && handle !== undefined ? executor.attach?.(handle, task, options) : undefined;
  return found ? [found] : executor.start(tasks, options);
}
