import type { StageResult, StageTask, TaskMessage } from '../core/task.ts';

/** A task that an executor has taken. */
export interface RunningTask {
  /** How it ended; never rejects. */
  readonly result: Promise<StageResult>;
  /** Asks it to save what it has and stop: it then ends as `interrupted`, or finishes if it was about to. */
  interrupt(): void;
  /** Ends it now, with all programs that it started: it then ends as `interrupted`. */
  kill(): void;
}

/** Where tasks run: worker processes of this machine, this process, a cluster. */
export interface Executor {
  /** Takes a task; the scheduler never has more tasks at once than the executor was made for. */
  start(task: StageTask, tell: (message: TaskMessage) => void): RunningTask;
  /** Ends what the executor holds; tasks that still run save what they have and stop. */
  close(): Promise<void>;
}

/** Makes an executor; nothing is started before its first task. */
export type ExecutorFactory = () => Executor;
