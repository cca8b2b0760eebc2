import { signalGroup } from '../util/process-group.ts';
import { stageTags, type StageTask, type TaskMessage } from '../core/task.ts';
import { findTagged, signalAll } from '../util/tagged-processes.ts';

/** Process groups, and sessions, that one task started. */
export interface TaskGroups {
  /** Takes note of a `group` message; other messages go on to the task's listener. */
  readonly tell: (message: TaskMessage) => void;
  /** Kills what is left of them. */
  readonly kill: () => void;
}

/**
 * Watches a task's messages for the process groups that it starts: a killed worker cannot end them itself.
 *
 * @param task - the task
 * @param listener - takes all other messages
 * @returns the watch
 */
export function watchGroups(
  task: Pick<StageTask, 'cell' | 'run'>,
  listener: (message: TaskMessage) => void,
): TaskGroups {
  const leaders: number[] = [];
  return {
    tell: (message) => {
      if (message.type === 'group') leaders.push(message.leader);
      else listener(message);
    },
    kill: () => {
      for (const leader of leaders) signalGroup(leader, 'SIGKILL');
      if (leaders.length) signalAll(findTagged(stageTags(task)), 'SIGKILL');
    },
  };
}
